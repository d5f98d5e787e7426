// Adds up what is seen of a job from look to look. Pure but for the values that it is handed.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "tracer/kernel/kernel_record.h"
#include "tracer/kernel/process_counters.h"
#include "tracer/kernel/tcp_sockets.h"

namespace rankle::kernel {

class LinkSums {
 public:
  // All connections, each as its sender sees it: from one rank's host to another's.
  struct Seen {
    int source, destination;
    TcpSocket socket;
  };
  // `after`: the same once more, as soon as possible: what was sent at first and has not arrived then is
  // under way.
  void Look(double now_s, const std::vector<Seen>& sockets, const std::vector<Seen>& after);
  std::vector<LinkPressure> Links() const;

 private:
  struct Sums {
    LinkPressure link;
    std::vector<double> rtts_us;  // of looks with something in flight, at most kMostRtts
    uint64_t acked_at_last_look = 0;
    std::optional<double> stuck_since_s;
    // The last that was seen of each connection: counters of closed ones stay in the sums.
    std::map<std::pair<uint16_t, uint16_t>, TcpSocket> connections;
    std::map<std::pair<uint16_t, uint16_t>, uint64_t> lost;  // packets, of each connection
  };
  std::map<std::pair<int, int>, Sums> links_;
};

class RankSums {
 public:
  void Look(double now_s, int rank, const ProcessCounters& process, const GroupCounters& groups);
  std::vector<RankPressure> Ranks() const;

 private:
  struct Sums {
    RankPressure pressure;
    double first_s = 0, last_s = 0;
    GroupCounters first;
  };
  std::map<int, Sums> ranks_;
};

}  // namespace rankle::kernel
