#include "analyzer/import/kineto/kineto_job.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/import/torch_names.h"
#include "analyzer/localize/median.h"
#include "injector/api/api.h"

namespace rankle::import {
namespace {

using store::kNone;
using store::Store;

// Profiles show completed work, and no identities of processes or hosts.
constexpr double kCertainty = 0.9;
// Files whose rank is not told were numbered by their order.
constexpr double kCertaintyGuessed = 0.5;
// The ends of a collective on its ranks differ by microseconds; clocks of hosts by more than this are
// corrected.
constexpr int64_t kClocksDifferNs = 200'000;

OperationMeaning Meaning(const KinetoOperation& o) {
  if (!o.named_by_kernel) return MeaningOf(o.name);
  OperationMeaning meaning;
  // Exchanges between pairs look alike: of an all-to-all each rank has one kernel, as of a collective.
  const api::ApiInfo* info =
      api::FindApi(o.name == "SendRecv" ? "ncclAlltoAll" : absl::StrCat("nccl", o.name));
  meaning.known = info != nullptr;
  if (info != nullptr) meaning.api = info->id;
  return meaning.known ? meaning : MeaningOf(o.name);
}

class JobBuilder {
 public:
  JobBuilder(std::vector<KinetoTrace> traces, Store& store) : traces_(std::move(traces)), store_(store) {}

  void Build() {
    NumberRanks();
    FindGroups();
    RelateClocks();
    AddRanks();
    AddCommunicators();
    for (size_t t = 0; t < traces_.size(); ++t) AddOperations(t);
    store_.source = "kineto";
    store_.quality.certainty = guessed_ ? kCertaintyGuessed : kCertainty;
    Describe();
    store_.Finish();
  }

 private:
  using GroupKey = std::pair<std::string, std::vector<int32_t>>;
  struct Group {
    GroupKey key;
    std::string title;
  };

  void Note(std::string text) { store_.quality.notes.push_back(std::move(text)); }

  // By what the files say; what says nothing, or what another file has said, gets the free numbers in order
  // of the files' names.
  void NumberRanks() {
    std::set<int32_t> taken;
    for (KinetoTrace& t : traces_) {
      if (t.rank >= 0 && !taken.insert(t.rank).second) t.rank = -1, guessed_ = true;
    }
    int32_t next = 0;
    for (KinetoTrace& t : traces_) {
      world_size_ = std::max(world_size_, t.world_size);
      if (t.rank >= 0) continue;
      guessed_ = guessed_ || traces_.size() > 1;
      while (taken.contains(next)) ++next;
      t.rank = next, taken.insert(next);
    }
    std::sort(traces_.begin(), traces_.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
    for (size_t t = 0; t < traces_.size(); ++t) dense_[traces_[t].rank] = static_cast<int32_t>(t);
    world_size_ = std::max(world_size_, traces_.back().rank + 1);
  }

  std::vector<int32_t> World() const {
    std::vector<int32_t> all(static_cast<size_t>(world_size_));
    for (int32_t r = 0; r < world_size_; ++r) all[r] = r;
    return all;
  }

  // The group of each operation; -1 = it cannot be told which ranks it has.
  void FindGroups() {
    std::map<std::string, std::vector<int32_t>> listed;  // by name, as any file lists it
    for (const KinetoTrace& t : traces_) {
      for (const KinetoGroup& g : t.groups) {
        if (!g.ranks.empty()) listed.try_emplace(g.name, g.ranks);
      }
    }
    group_of_.resize(traces_.size());
    for (size_t t = 0; t < traces_.size(); ++t) {
      for (const KinetoOperation& o : traces_[t].operations)
        group_of_[t].push_back(GroupOf(traces_[t], o, listed));
    }
  }

  int32_t GroupOf(const KinetoTrace& trace, const KinetoOperation& o,
                  const std::map<std::string, std::vector<int32_t>>& listed) {
    std::vector<int32_t> ranks = o.ranks;
    // The file's own list first: names may mean other ranks elsewhere.
    for (const KinetoGroup& g : trace.groups) {
      if (ranks.empty() && g.name == o.group &&
          (o.group_size == 0 || g.ranks.size() == static_cast<size_t>(o.group_size)))
        ranks = g.ranks;
    }
    if (const auto it = listed.find(o.group); ranks.empty() && it != listed.end()) ranks = it->second;
    if (ranks.empty() && (o.group_size == 0 || o.group_size == world_size_)) ranks = World();
    std::sort(ranks.begin(), ranks.end());
    if (!std::binary_search(ranks.begin(), ranks.end(), trace.rank)) {
      ++without_group_;
      return -1;
    }
    const GroupKey key(o.group, std::move(ranks));
    const auto [it, added] = groups_.try_emplace(key, static_cast<int32_t>(in_order_.size()));
    if (added) in_order_.push_back({key, o.group_title});
    return it->second;
  }

  // The n-th collective of a group is the same on all its ranks, if all have as many.
  void RelateClocks() {
    std::map<std::pair<int32_t, size_t>, std::vector<std::pair<size_t, int64_t>>> ends;  // (trace, end)
    for (size_t t = 0; t < traces_.size(); ++t) {
      std::map<int32_t, size_t> count;
      for (size_t i = 0; i < traces_[t].operations.size(); ++i) {
        const int32_t g = group_of_[t][i];
        if (g >= 0 && !Meaning(traces_[t].operations[i]).p2p)
          ends[{g, count[g]++}].emplace_back(t, traces_[t].operations[i].finished_ns);
      }
    }
    std::vector<std::vector<int64_t>> off(traces_.size());
    for (const auto& [where, found] : ends) {
      if (found.size() != in_order_[where.first].key.second.size() || found.size() < 2) continue;
      std::vector<int64_t> times;
      for (const auto& [t, end] : found) times.push_back(end);
      const int64_t usual = localize::Median(times);
      for (const auto& [t, end] : found) off[t].push_back(end - usual);
    }
    for (size_t t = 0; t < traces_.size(); ++t) {
      const int64_t ahead = localize::Median(off[t]);
      if (std::abs(ahead) <= kClocksDifferNs) continue;
      Note(absl::StrFormat(
          "the clock of rank %d is %.6f s ahead of the others', by the ends of shared collectives; corrected",
          traces_[t].rank, static_cast<double>(ahead) * 1e-9));
      for (KinetoOperation& o : traces_[t].operations) {
        for (int64_t* time : {&o.called_ns, &o.started_ns, &o.finished_ns}) *time -= *time == 0 ? 0 : ahead;
      }
      for (KinetoStep& s : traces_[t].steps) s.begin_ns -= ahead, s.end_ns -= ahead;
    }
  }

  void AddRanks() {
    int64_t first = INT64_MAX, last = 0;
    for (const KinetoTrace& t : traces_) {
      for (const KinetoOperation& o : t.operations) {
        first = std::min(first, o.called_ns != 0 ? std::min(o.called_ns, o.started_ns) : o.started_ns);
        last = std::max(last, o.finished_ns);
      }
      for (const KinetoStep& s : t.steps)
        first = std::min(first, s.begin_ns), last = std::max(last, s.end_ns);
    }
    origin_ = first;
    store_.observed_until = OnAxis(last);
    for (const KinetoTrace& t : traces_) {
      store::Process process;
      process.rank = t.rank, process.source = t.file, process.cut = t.cut, process.malformed = t.malformed;
      process.started = 1, process.last_seen = process.heartbeat = store_.observed_until;
      store_.ranks.push_back({t.rank, static_cast<int32_t>(store_.processes.size())});
      store_.processes.push_back(std::move(process));
      store_.quality.malformed += t.malformed;
      store_.quality.cut_files += t.cut;
    }
    store_.world_size = world_size_;
    for (int32_t r = 0; r < world_size_; ++r) {
      if (!dense_.contains(r)) store_.quality.missing_ranks.push_back(r);
    }
  }

  int64_t OnAxis(int64_t time) const { return time == 0 ? 0 : std::max<int64_t>(time - origin_ + 1, 1); }

  void AddCommunicators() {
    std::set<std::string> used;
    for (size_t g = 0; g < in_order_.size(); ++g) {
      store::Communicator& c = store_.communicators.emplace_back();
      const auto& [name, ranks] = in_order_[g].key;
      c.id = g + 1;
      c.name = name.empty()                 ? "world"
               : in_order_[g].title.empty() ? absl::StrCat("group ", name)
                                            : absl::StrCat(in_order_[g].title, "(", name, ")");
      c.members.resize(ranks.size());
      for (size_t place = 0; place < ranks.size(); ++place) {
        const auto it = dense_.find(ranks[place]);
        c.members[place].global = ranks[place];
        c.members[place].rank = it == dense_.end() ? kNone : it->second;
        c.members[place].state = store::CommState::kReady;
      }
    }
  }

  // Of the step that the call (else the kernel) lies in; kNone outside of all.
  static int32_t StepAt(const KinetoTrace& trace, int64_t time) {
    auto it = std::upper_bound(trace.steps.begin(), trace.steps.end(), time,
                               [](int64_t t, const KinetoStep& s) { return t < s.begin_ns; });
    if (it == trace.steps.begin()) return kNone;
    --it;
    return time <= it->end_ns ? static_cast<int32_t>(std::clamp<int64_t>(it->number, 0, INT32_MAX)) : kNone;
  }

  void AddOperations(size_t t) {
    const KinetoTrace& trace = traces_[t];
    std::map<std::pair<int32_t, bool>, uint32_t> counts;  // of collectives, and of sends and receives
    for (size_t i = 0; i < trace.operations.size(); ++i) {
      const int32_t g = group_of_[t][i];
      if (g < 0) continue;
      const KinetoOperation& o = trace.operations[i];
      const OperationMeaning meaning = Meaning(o);
      const auto& ranks = in_order_[g].key.second;
      const auto place_of = [&](int32_t rank) {
        const auto it = std::lower_bound(ranks.begin(), ranks.end(), rank);
        return it == ranks.end() || *it != rank ? kNone : static_cast<int32_t>(it - ranks.begin());
      };
      store::Operation row;
      row.rank = static_cast<int32_t>(t), row.communicator = g, row.member = place_of(trace.rank);
      row.api = meaning.api, row.p2p = meaning.p2p, row.peer = meaning.p2p ? place_of(o.peer) : kNone;
      row.seq = ++counts[{g, meaning.p2p}];
      row.started = OnAxis(o.started_ns), row.finished = OnAxis(o.finished_ns);
      row.entered = o.called_ns == 0 ? row.started : std::min(OnAxis(o.called_ns), row.started);
      row.returned = row.entered;
      row.count = meaning.sizes_agree || meaning.p2p ? o.elements : 0;
      row.dtype = 0xff;
      row.stream = o.stream + 1;
      row.step = StepAt(trace, o.called_ns == 0 ? o.started_ns : o.called_ns);
      row.state = store::OpState::kDone;
      store::Member& member = store_.communicators[g].members[row.member];
      (meaning.p2p ? member.last_p2p_seq : member.last_seq) = row.seq;
      store_.AddOperation(row);
    }
  }

  void Describe() {
    Note(
        "profiler traces only: they hold completed kernels of NCCL within the profiled window, neither what "
        "was unfinished nor how "
        "the job ended");
    if (without_group_ > 0)
      Note(absl::StrCat(without_group_, " operations of groups whose ranks cannot be told, left out"));
    if (guessed_) Note("not all files tell their rank: they were numbered by their names");
    size_t linked = 0, all = 0;
    for (const KinetoTrace& t : traces_) {
      for (const KinetoOperation& o : t.operations) ++all, linked += o.called_ns != 0;
    }
    if (linked < all)
      Note(absl::StrCat(all - linked, " of ", all,
                        " kernels could not be linked with the call that enqueued them: entered = started"));
  }

  std::vector<KinetoTrace> traces_;
  Store& store_;
  absl::flat_hash_map<int32_t, int32_t> dense_;  // global rank -> index in store
  std::map<GroupKey, int32_t> groups_;
  std::vector<Group> in_order_;
  std::vector<std::vector<int32_t>> group_of_;  // of each operation of each trace
  int32_t world_size_ = 0;
  int64_t origin_ = 0;
  uint64_t without_group_ = 0;
  bool guessed_ = false;
};

}  // namespace

absl::Status BuildStore(std::vector<KinetoTrace> traces, Store& store) {
  const bool any =
      std::any_of(traces.begin(), traces.end(), [](const auto& t) { return !t.operations.empty(); });
  if (!any) {
    return absl::InvalidArgumentError(
        absl::StrCat(traces.empty() ? "no trace" : traces.front().file,
                     ": no kernels of NCCL in the profiler's traces: profile with ProfilerActivity.CUDA"));
  }
  JobBuilder(std::move(traces), store).Build();
  return absl::OkStatus();
}

}  // namespace rankle::import
