// Who is which rank: from what NCCL, launchers and tags say of processes, hosts and devices. Pure.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/import/logs/log_contents.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// A process on one device, which is one rank. A process that drives several devices has several seats.
struct Seat {
  int32_t process = -1, device = -1;
  int32_t rank = -1;                   // in the whole job; -1 = cannot be told
  std::vector<int32_t> communicators;  // indices, in the order of their creation
};

struct LogSeats {
  std::vector<Seat> seats;       // with a rank, by rank
  std::vector<int32_t> seat_of;  // by communicator; -1 = of a seat that cannot be told
  std::string how;               // the ranks were told, ready to print; "" = by NCCL itself
  double certainty = 1;          // of the ranks
  int64_t since =
      0;  // a time of the logs: what is older is about earlier attempts of the job; 0 = there are none
};
LogSeats SeatsOf(const LogContents& contents);

// Finds the rank of whoever a line is about.
class RankFinder {
 public:
  void Know(int32_t rank, const Speaker& who);
  void KnowAll(const LogContents& contents, const LogSeats& seats);
  void KnowAll(const store::Store& store);
  // -1 = cannot be told, or could be several.
  int32_t RankOf(const Speaker& who) const;
  // Is the rank on a host taken for that in the job, because nothing tells of another host?
  bool IsGuess(const Speaker& who) const;

 private:
  static constexpr int32_t kSeveral = -2;
  template <typename Key>
  static void Learn(std::map<Key, int32_t>& map, const Key& key, int32_t rank);
  template <typename Key>
  static int32_t Find(const std::map<Key, int32_t>& map, const Key& key);

  std::map<std::pair<std::string, int32_t>, int32_t> by_host_pid_, by_host_local_;
  std::map<std::pair<std::string, uint64_t>, int32_t> by_host_bus_;
  std::map<int32_t, int32_t> by_pid_;
  std::map<std::string, int32_t> hosts_;
};

// Two names of one host: "node1" and "node1.cluster.local".
std::string ShortHost(const std::string& host);

}  // namespace rankle::import
