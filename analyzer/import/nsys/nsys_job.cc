#include "analyzer/import/nsys/nsys_job.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analyzer/import/nsys/join_launches.h"
#include "analyzer/import/rank_traces/assemble_job.h"

namespace rankle::import {
namespace {

constexpr TraceSource kSource = {
    .name = "nsys",
    .certainty = 0.9,  // as other profiles: completed work only
    .operation = "kernel of NCCL",
    .not_seen =
        "Nsight Systems exports only: they hold completed kernels of NCCL within the profiled window, "
        "neither "
        "what was unfinished nor how the job ended",
    .no_operations =
        "no kernels of NCCL in the exports of Nsight Systems: profile with --trace=cuda,nvtx while the job "
        "communicates",
};

// NCCL's names as PyTorch's, which say whether sizes agree (analyzer/import/torch_names.h).
std::string TorchName(const std::string& operation) {
  constexpr struct {
    const char *nccl, *torch;
  } kNames[] = {{"AllReduce", "all_reduce"},
                {"Reduce", "reduce"},
                {"Broadcast", "broadcast"},
                {"Bcast", "broadcast"},
                {"AllGather", "all_gather_single"},
                {"ReduceScatter", "reduce_scatter_single"},
                {"AlltoAll", "all_to_all"},
                {"Gather", "gather"},
                {"Scatter", "scatter"},
                {"Send", "send"},
                {"Recv", "recv"}};
  for (const auto& name : kNames) {
    if (operation == name.nccl) return name.torch;
  }
  return operation;
}

// A device of a process: a rank of the job.
struct Unit {
  size_t profile = 0;
  uint64_t process = 0;
  uint32_t device = 0;
  auto operator<=>(const Unit&) const = default;  // NOLINT(modernize-use-nullptr): a bug of clang-tidy 14
};

struct Communicator {
  int64_t size = -1;
  std::map<Unit, int64_t> places;
};

class JobReader {
 public:
  JobReader(const std::vector<NsysProfile>& profiles, store::Store& store)
      : profiles_(profiles), store_(store) {}

  std::vector<RankTrace> Read() {
    for (size_t p = 0; p < profiles_.size(); ++p) TakeOperations(p);
    for (size_t p = 0; p < profiles_.size(); ++p) TakeCommunicators(p);
    NumberRanks();
    std::vector<RankTrace> traces;
    for (auto& [unit, trace] : traces_) {
      for (size_t i = 0; i < trace.operations.size(); ++i) SetPeer(peers_[unit][i], trace.operations[i]);
      traces.push_back(std::move(trace));
    }
    if (without_call_ > 0)
      store_.quality.notes.push_back(absl::StrCat(
          without_call_,
          " kernels lie in no call of NCCL on record (launched as a graph, or without --trace=nvtx): "
          "their communicators are not told, all ranks are taken for one"));
    return traces;
  }

 private:
  static std::string NameOf(uint64_t communicator) { return absl::StrCat("0x", absl::Hex(communicator)); }

  void TakeOperations(size_t p) {
    const NsysProfile& profile = profiles_[p];
    for (const NsysOperation& found : JoinLaunches(profile)) {
      const Unit unit{p, found.process, found.device};
      const auto [it, added] = traces_.try_emplace(unit);
      RankTrace& trace = it->second;
      if (added) trace.file = profile.file, trace.host = profile.host, trace.pid = PidOf(found.process);
      RankOperation& o = trace.operations.emplace_back();
      o.name = TorchName(found.name), o.named_by_kernel = found.range < 0;
      if (o.named_by_kernel) o.name = found.name, ++without_call_;
      o.stream = found.stream, o.device = found.device;
      o.started_ns = profile.session_ns + found.started_ns,
      o.finished_ns = profile.session_ns + found.finished_ns;
      int64_t peer = -1;
      if (found.range >= 0) {
        const NsysRange& range = profile.ranges[found.range];
        o.called_ns = profile.session_ns + range.start_ns;
        o.elements = range.payload.bytes < 0 ? 0 : static_cast<uint64_t>(range.payload.bytes);
        if (range.payload.communicator)
          o.group = NameOf(*range.payload.communicator), o.group_size = kSomeRanks;
        peer = range.payload.peer;
      }
      peers_[unit].push_back(peer);
    }
  }

  // Ranges that create a communicator tell its size, and the place and device of the process. Before 2.25
  // NCCL did not tell which one it was: then the first of each size counts, which is enough to number the
  // ranks.
  void TakeCommunicators(size_t p) {
    for (const NsysRange& range : profiles_[p].ranges) {
      const NcclPayload& created = range.payload;
      if (created.ranks <= 0 || created.ranks > kMostRanks || created.rank < 0 ||
          created.rank >= created.ranks)
        continue;
      const Unit* const unit = UnitOf(p, ProcessOfThread(range.thread), created.device);
      if (unit == nullptr) continue;
      const std::string name =
          created.communicator ? NameOf(*created.communicator) : absl::StrCat(created.ranks, " ranks");
      Communicator& c = communicators_[name];
      c.size = std::max(c.size, created.ranks);
      c.places.try_emplace(*unit, created.rank);
    }
  }

  // Of a process with one device in use that one, whatever it is called.
  const Unit* UnitOf(size_t p, uint64_t process, int64_t device) const {
    const Unit* only = nullptr;
    size_t units = 0;
    for (auto it = traces_.lower_bound({p, process, 0}); it != traces_.end(); ++it) {
      if (it->first.profile != p || it->first.process != process) break;
      if (it->first.device == device) return &it->first;
      only = &it->first, ++units;
    }
    return units == 1 ? only : nullptr;
  }

  // The communicator of all ranks: the largest one, if all were seen to create it. That a job has one is
  // usual, but not certain; where others are as large, none of them has all.
  const Communicator* World() const {
    const Communicator* world = nullptr;
    for (const auto& [name, c] : communicators_) {
      if (world == nullptr || c.size > world->size) world = &c;
    }
    if (world == nullptr || world->places.size() != traces_.size()) return nullptr;
    std::set<int64_t> places;
    for (const auto& [unit, place] : world->places) places.insert(place);
    return places.size() == traces_.size() ? world : nullptr;
  }

  void NumberRanks() {
    const Communicator* const world = World();
    for (auto& [unit, trace] : traces_) {
      const NsysProfile& profile = profiles_[unit.profile];
      const auto mpi = profile.mpi_ranks.find(unit.process);
      if (world != nullptr) {
        trace.world_size = static_cast<int32_t>(world->size);
        trace.rank = static_cast<int32_t>(world->places.at(unit));
      } else if (mpi != profile.mpi_ranks.end() && UnitsOf(unit) == 1) {
        trace.rank = mpi->second;
      } else if (UnitsIn(unit.profile) == 1) {
        trace.rank = profile.named_rank;
      }
      for (RankOperation& o : trace.operations) {
        if (o.group_size == kSomeRanks) o.group_size = SizeOf(o.group);
      }
    }
    for (const auto& [name, c] : communicators_) {
      for (const auto& [unit, place] : c.places) rank_at_[{name, place}] = traces_.at(unit).rank;
    }
  }
  int32_t SizeOf(const std::string& group) const {
    const auto it = communicators_.find(group);
    return it == communicators_.end() ? kSomeRanks : static_cast<int32_t>(it->second.size);
  }
  size_t UnitsOf(const Unit& unit) const {
    return static_cast<size_t>(std::count_if(traces_.begin(), traces_.end(), [&](const auto& t) {
      return t.first.profile == unit.profile && t.first.process == unit.process;
    }));
  }
  size_t UnitsIn(size_t p) const {
    return static_cast<size_t>(
        std::count_if(traces_.begin(), traces_.end(), [&](const auto& t) { return t.first.profile == p; }));
  }

  // The peer is a place in the communicator.
  void SetPeer(int64_t place, RankOperation& o) const {
    if (const auto it = rank_at_.find({o.group, place}); it != rank_at_.end()) o.peer = it->second;
  }

  const std::vector<NsysProfile>& profiles_;
  store::Store& store_;
  std::map<Unit, RankTrace> traces_;
  std::map<Unit, std::vector<int64_t>> peers_;                  // of each operation, as places; -1 = none
  std::map<std::string, Communicator> communicators_;           // by name
  std::map<std::pair<std::string, int64_t>, int32_t> rank_at_;  // by communicator and place
  uint64_t without_call_ = 0;
};

}  // namespace

absl::Status BuildNsysStore(const std::vector<NsysProfile>& profiles, store::Store& store) {
  for (const NsysProfile& profile : profiles) store.quality.malformed += profile.malformed;
  std::vector<RankTrace> traces = JobReader(profiles, store).Read();
  if (traces.empty() && !profiles.empty())
    return absl::InvalidArgumentError(absl::StrCat(profiles[0].file, ": ", kSource.no_operations));
  return AssembleJob(std::move(traces), kSource, store);
}

}  // namespace rankle::import
