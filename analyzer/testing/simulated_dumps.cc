#include "analyzer/testing/simulated_dumps.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace rankle::testing {
namespace {

struct Operation {
  char kind = 'c';  // c(ollective), s(end), r(eceive)
  int group = 0, peer = -1;
  std::string name;
};
// What has to meet: a collective by group and number, a transfer by its two ends and number.
using Meeting = std::tuple<bool, int, int, int>;

class Simulation {
 public:
  Simulation(SimulatedFault fault, uint32_t seed) : fault_(fault), random_(seed) {
    const auto choose = [&](std::initializer_list<int> from) {
      return *(from.begin() + std::uniform_int_distribution<size_t>(0, from.size() - 1)(random_));
    };
    do {
      tensor_ = choose({1, 2, 4}), data_ = choose({1, 2, 4}), stages_ = choose({1, 2, 4});
      ranks_ = tensor_ * data_ * stages_;
    } while (ranks_ < 3);
    MakeGroups();
    MakePrograms();
    culprit_ = Between(0, ranks_ - 1);
    const int length = static_cast<int>(programs_[culprit_].size());
    fault_at_ = Between(length / 3, length - 5);
    ahead_ = Between(2, 40);
    sends_are_buffered_ = Between(0, 1) == 1;
  }

  SimulatedDumps Run() {
    issued_.assign(ranks_, 0), done_.assign(ranks_, 0), completed_.resize(ranks_);
    for (bool moved = true; moved;) {
      moved = Issue();
      moved = Execute() || moved;
    }
    SimulatedDumps result;
    result.culprit = culprit_;
    const bool only_unfinished = Between(0, 1) == 1;
    for (int r = 0; r < ranks_; ++r) {
      result.hangs = result.hangs || done_[r] < static_cast<int>(programs_[r].size());
      result.dumps.push_back(DumpOf(r, only_unfinished));
    }
    return result;
  }

 private:
  int Between(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  int TensorOf(int rank) const { return rank % tensor_; }
  int DataOf(int rank) const { return rank / tensor_ % data_; }
  int StageOf(int rank) const { return rank / (tensor_ * data_); }

  template <typename F>
  void AddGroups(const std::string& name, const F& key) {
    std::map<int, DumpedGroup> made;
    for (int r = 0; r < ranks_; ++r) made[key(r)].ranks.push_back(r);
    for (auto& [k, group] : made) {
      for (const int r : group.ranks) group_of_[r][name] = static_cast<int>(groups_.size());
      group.name = absl::StrCat(groups_.size()), group.description = name;
      groups_.push_back(group);
    }
  }
  void MakeGroups() {
    group_of_.resize(ranks_);
    AddGroups("default_pg", [](int) { return 0; });
    AddGroups("TENSOR", [&](int r) { return r / tensor_; });
    AddGroups("DATA", [&](int r) { return TensorOf(r) + tensor_ * StageOf(r); });
    AddGroups("PIPELINE", [&](int r) { return r % (tensor_ * data_); });
    AddGroups("EXPERT", [&](int r) { return StageOf(r); });
  }

  void Collective(int rank, const std::string& group, const std::string& name) {
    const int g = group_of_[rank][group];
    if (groups_[g].ranks.size() > 1) programs_[rank].push_back({'c', g, -1, "nccl:" + name});
  }
  void Transfer(int rank, char kind, int stage) {
    if (stage < 0 || stage >= stages_) return;
    const int peer = rank + (stage - StageOf(rank)) * tensor_ * data_;
    const int g = group_of_[rank]["PIPELINE"];
    const auto place = [&](int r) {
      return std::find(groups_[g].ranks.begin(), groups_[g].ranks.end(), r) - groups_[g].ranks.begin();
    };
    const std::string name = kind == 's' ? absl::StrCat("nccl:send ", place(rank), "->", place(peer))
                                         : absl::StrCat("nccl:recv ", place(rank), "<-", place(peer));
    programs_[rank].push_back({kind, g, peer, name});
  }
  void Layers(int rank, int layers) {
    for (int i = 0; i < layers; ++i) {
      Collective(rank, "TENSOR", "_all_gather_base");
      Collective(rank, "EXPERT", "all_to_all");
      Collective(rank, "EXPERT", "all_to_all");
      Collective(rank, "TENSOR", "_reduce_scatter_base");
    }
  }
  void MakePrograms() {
    constexpr int kSteps = 3;
    const int micro_batches = Between(2, 4), layers = Between(1, 3);
    programs_.resize(ranks_);
    for (int r = 0; r < ranks_; ++r) {
      for (int step = 0; step < kSteps; ++step) {
        for (const int direction : {1, -1}) {  // forward, then backward
          for (int m = 0; m < micro_batches; ++m) {
            Transfer(r, 'r', StageOf(r) - direction);
            Layers(r, layers);
            Transfer(r, 's', StageOf(r) + direction);
          }
        }
        Collective(r, "DATA", "_reduce_scatter_base");
        Collective(r, "DATA", "_all_gather_base");
        Collective(r, "default_pg", "all_reduce");
      }
      std::map<std::tuple<char, int, int>, int> count;
      for (const Operation& op : programs_[r]) {
        const int n = ++count[{op.kind, op.group, op.peer}];
        meetings_.resize(ranks_);
        meetings_[r].push_back(op.kind == 'c'   ? Meeting{true, op.group, 0, n}
                               : op.kind == 's' ? Meeting{false, r, op.peer, n}
                                                : Meeting{false, op.peer, r, n});
      }
    }
  }

  // How far the host of a rank sees its device.
  int Seen(int rank) const {
    return fault_ == SimulatedFault::kCompletion && rank == culprit_ ? std::min(done_[rank], fault_at_)
                                                                     : done_[rank];
  }
  bool Issue() {
    bool any = false;
    for (int r = 0; r < ranks_; ++r) {
      while (issued_[r] < static_cast<int>(programs_[r].size()) && issued_[r] - Seen(r) < ahead_ &&
             !(fault_ == SimulatedFault::kHost && r == culprit_ && issued_[r] >= fault_at_)) {
        ++issued_[r], any = true;
      }
    }
    return any;
  }
  bool Reached(int rank, const Meeting& meeting) const {
    const bool dead = fault_ == SimulatedFault::kDevice && rank == culprit_ && done_[rank] >= fault_at_;
    return !dead && done_[rank] < issued_[rank] && meetings_[rank][done_[rank]] == meeting;
  }
  bool Execute() {
    bool any = false;
    for (int r = 0; r < ranks_; ++r) {
      if (done_[r] >= issued_[r]) continue;
      const Meeting meeting = meetings_[r][done_[r]];
      const Operation& op = programs_[r][done_[r]];
      if (!Reached(r, meeting)) continue;
      if (sends_are_buffered_ && op.kind != 'c') {
        any = (op.kind == 's' ? BufferSend(r, meeting) : TakeFromBuffer(r, meeting)) || any;
        continue;
      }
      const auto [collective, a, b, n] = meeting;
      const std::vector<int> members = collective ? groups_[a].ranks : std::vector<int>{a, b};
      if (!std::all_of(members.begin(), members.end(), [&](int m) { return Reached(m, meeting); })) continue;
      for (const int m : members) completed_[m].insert(done_[m]++);
      any = true;
    }
    return any;
  }
  // The device goes on; the send itself completes with its receive.
  bool BufferSend(int rank, const Meeting& meeting) {
    buffered_[meeting] = {rank, done_[rank]++};
    return true;
  }
  bool TakeFromBuffer(int rank, const Meeting& meeting) {
    const auto it = buffered_.find(meeting);
    if (it == buffered_.end()) return false;
    completed_[it->second.first].insert(it->second.second);
    completed_[rank].insert(done_[rank]++);
    return true;
  }

  DumpContent DumpOf(int rank, bool only_unfinished) const {
    DumpContent dump;
    std::map<int, DumpedStatus> status;
    for (int g = 0; g < static_cast<int>(groups_.size()); ++g) {
      const auto& ranks = groups_[g].ranks;
      if (std::find(ranks.begin(), ranks.end(), rank) == ranks.end()) continue;
      dump.groups.push_back(groups_[g]);
      status[g].pg_id = static_cast<int64_t>(status.size()) - 1;
    }
    std::map<std::pair<int, bool>, int64_t> number;
    for (int i = 0; i < issued_[rank]; ++i) {
      const Operation& op = programs_[rank][i];
      const bool p2p = op.kind != 'c', done = i < Seen(rank) && completed_[rank].contains(i);
      const int64_t n = ++number[{op.group, p2p}];
      DumpedStatus& s = status[op.group];
      s.enqueued = n;
      if (done) s.completed = n;
      if (done && only_unfinished) continue;
      DumpedEntry entry;
      entry.record = i, entry.pg_id = s.pg_id, entry.p2p = p2p, entry.name = op.name;
      entry.group = {groups_[op.group].name, groups_[op.group].description};
      entry.collective_seq = number[{op.group, false}], entry.p2p_seq = number[{op.group, true}];
      entry.created = 1'700'000'000'000'000'000 + i * int64_t{1'000'000} + rank;
      if (done)
        entry.state = "completed", entry.started = entry.created + 10, entry.completed = entry.created + 20;
      dump.entries.push_back(entry);
    }
    for (const auto& [g, s] : status) dump.statuses.push_back(s);
    return dump;
  }

  const SimulatedFault fault_;
  std::mt19937 random_;
  int tensor_ = 1, data_ = 1, stages_ = 1, ranks_ = 1;
  int culprit_ = 0, fault_at_ = 0, ahead_ = 0;
  bool sends_are_buffered_ = false;
  std::vector<DumpedGroup> groups_;
  std::vector<std::map<std::string, int>> group_of_;
  std::vector<std::vector<Operation>> programs_;
  std::vector<std::vector<Meeting>> meetings_;
  std::vector<int> issued_, done_;  // by rank: operations issued by the host, left behind by the device
  std::vector<std::set<int>> completed_;
  std::map<Meeting, std::pair<int, int>> buffered_;
};

}  // namespace

SimulatedDumps Simulate(SimulatedFault fault, uint32_t seed) { return Simulation(fault, seed).Run(); }

}  // namespace rankle::testing
