// A made-up PyTorch job as its Flight Recorder sees it: groups, collectives, sends and receives, and what is
// unfinished at the end. Hand-made: the numbers follow PyTorch's rules, the times are plain.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "analyzer/testing/dump_writer.h"

namespace rankle::testing {

class DumpJob {
 public:
  explicit DumpJob(int ranks) : counters_(ranks), dumps_(ranks) {}

  // Ranks of the group in the order of their places. Returns its number.
  int Group(const std::string& description, const std::vector<int>& ranks);

  struct Call {
    std::string name = "nccl:all_reduce";
    std::vector<int64_t> size = {1024};
    std::set<int> absent = {};      // do not enter
    std::set<int> unfinished = {};  // enter, and do not complete; meaningless for absent ones
    bool hangs = false;             // nobody completes
    std::map<int, std::vector<int64_t>> other_size = {};  // rank -> what it passes instead
    std::map<int, std::string> other_name = {};
    std::set<int> started = {};  // of the unfinished: their device has begun (recorders with timing only)
    std::string file = "", function = "";
    int line = 0;
  };
  void Collective(int group, const Call& call);
  void Collective(int group) { Collective(group, Call{}); }
  // Ranks are global. What is not posted is absent on that side.
  struct Transfer {
    bool sent = true, received = true, finished = true;
  };
  void Send(int group, int from, int to, const Transfer& transfer);
  // Sends in both directions between two ranks, launched together.
  void Exchange(int group, int a, int b, bool finished);

  struct Form {
    bool only_unfinished = false;  // as debugging hooks dump: completed entries are left out
    size_t ring = 2000;            // older entries are forgotten
    std::string version = "2.9";
    std::vector<std::string> omit;
  };
  DumpContent Dump(int rank, const Form& form) const;
  int ranks() const { return static_cast<int>(dumps_.size()); }

 private:
  struct Made {
    std::string name, description;
    std::vector<int> ranks;
  };
  struct Counters {  // of one rank
    int64_t record = 0;
    std::map<int, int64_t> id, collective, p2p, op, enqueued, completed;  // by group
  };
  void Record(int rank, int group, DumpedEntry entry, bool finished);
  void Launched(int rank, int group, int64_t number, bool finished);

  std::vector<Made> groups_;
  std::vector<Counters> counters_;
  std::vector<std::vector<DumpedEntry>> dumps_;
  int64_t now_ = 1'700'000'000'000'000'000;
};

}  // namespace rankle::testing
