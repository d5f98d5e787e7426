#include "analyzer/import/rank_traces/assemble_job.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/import/rank_traces/trace_clocks.h"
#include "analyzer/import/rank_traces/trace_groups.h"
#include "analyzer/import/rank_traces/trace_windows.h"
#include "analyzer/import/torch_names.h"
#include "injector/api/api.h"

namespace rankle::import {
namespace {

using store::kNone;
using store::Store;

// Files whose rank is not told were numbered by their order: a rank that is named could be any other.
constexpr double kCertaintyGuessed = 0.5;

OperationMeaning Meaning(const RankOperation& o) {
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
  JobBuilder(std::vector<RankTrace> traces, const TraceSource& source, Store& store)
      : traces_(std::move(traces)), source_(source), store_(store) {}

  void Build() {
    NumberRanks();
    const TraceGroups groups(traces_, world_size_);
    groups_ = &groups;
    AlignWindows();
    if (source_.runs_on_device) RelateClocks();
    AddRanks();
    AddCommunicators();
    for (size_t t = 0; t < traces_.size(); ++t) AddOperations(t);
    store_.source = source_.name;
    store_.device_times = store_.streams_known = store_.end_is_observed = source_.runs_on_device;
    store_.calls_only = !source_.runs_on_device;
    store_.quality.certainty = guessed_ ? std::min(kCertaintyGuessed, source_.certainty) : source_.certainty;
    Describe();
    store_.Finish();
  }

 private:
  const TraceGroup& GroupAt(int32_t group) const { return groups_->groups()[group]; }
  void Note(std::string text) { store_.quality.notes.push_back(std::move(text)); }

  // By what the files say; what says nothing, or what another file has said, gets the free numbers in order
  // of the files' names.
  void NumberRanks() {
    std::set<int32_t> taken;
    for (RankTrace& t : traces_) {
      if (t.rank >= kMostRanks) t.rank = -1;
      if (t.rank >= 0 && !taken.insert(t.rank).second) t.rank = -1, guessed_ = true;
    }
    int32_t next = 0;
    for (RankTrace& t : traces_) {
      world_size_ = std::max(world_size_, std::min(t.world_size, kMostRanks));
      if (t.rank >= 0) continue;
      guessed_ = guessed_ || traces_.size() > 1;
      while (taken.contains(next)) ++next;
      t.rank = next, taken.insert(next);
    }
    std::sort(traces_.begin(), traces_.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
    for (size_t t = 0; t < traces_.size(); ++t) dense_[traces_[t].rank] = static_cast<int32_t>(t);
    world_size_ = std::max(world_size_, traces_.back().rank + 1);
  }

  // Of the collectives that all ranks of their group have.
  void RelateClocks() {
    std::map<std::pair<int32_t, size_t>, std::vector<SharedEnd>> ends;
    for (size_t t = 0; t < traces_.size(); ++t) {
      std::map<int32_t, size_t> count;
      for (size_t i = 0; i < traces_[t].operations.size(); ++i) {
        const int32_t g = groups_->Of(t, i);
        if (g >= 0 && !Meaning(traces_[t].operations[i]).p2p)
          ends[{g, BeginOf(g, t) + count[g]++}].push_back({t, traces_[t].operations[i].finished_ns});
      }
    }
    std::vector<std::vector<SharedEnd>> shared;
    for (auto& [where, found] : ends) {
      if (found.size() == GroupAt(where.first).ranks.size() && found.size() > 1)
        shared.push_back(std::move(found));
    }
    const std::vector<int64_t> ahead = ClocksAhead(traces_.size(), shared);
    for (size_t t = 0; t < traces_.size(); ++t) {
      if (ahead[t] == 0) continue;
      Note(absl::StrFormat(
          "the clock of rank %d is %.6f s ahead of the others', by the ends of shared collectives; corrected",
          traces_[t].rank, static_cast<double>(ahead[t]) * 1e-9));
      ShiftClock(ahead[t], traces_[t]);
    }
  }

  void AlignWindows() {
    std::map<int32_t, std::vector<WindowOfCalls>> windows;  // by group
    for (size_t t = 0; t < traces_.size(); ++t) {
      std::map<int32_t, WindowOfCalls> own;
      for (size_t i = 0; i < traces_[t].operations.size(); ++i) {
        const RankOperation& o = traces_[t].operations[i];
        const OperationMeaning meaning = Meaning(o);
        if (groups_->Of(t, i) < 0 || meaning.p2p) continue;
        own[groups_->Of(t, i)].push_back(
            {source_.numbers_calls ? o.sequence : -1, meaning.api, CountOf(o, meaning), o.finished_ns});
      }
      for (auto& [g, calls] : own) {
        windows[g].resize(traces_.size());
        windows[g][t] = std::move(calls);
      }
    }
    bool differ = false;
    for (const auto& [g, calls] : windows) {
      begins_[g] = WindowBegins(calls);
      for (const uint32_t begin : begins_[g]) differ = differ || begin > 0;
    }
    if (differ)
      Note(
          "the traces begin at different operations; they were aligned by the numbers or the ends of "
          "collectives");
  }

  void AddRanks() {
    int64_t first = INT64_MAX, last = 0;
    const auto take = [&](int64_t time) {
      if (time != 0) first = std::min(first, time), last = std::max(last, time);
    };
    for (const RankTrace& t : traces_) {
      for (const RankOperation& o : t.operations) take(o.called_ns), take(o.started_ns), take(o.finished_ns);
      for (const RankStep& s : t.steps) take(s.begin_ns), take(s.end_ns);
    }
    origin_ = first == INT64_MAX ? 0 : first;
    store_.observed_until = std::max<int64_t>(OnAxis(last), 1);
    for (const RankTrace& t : traces_) {
      store::Process process;
      process.rank = t.rank, process.source = t.file, process.cut = t.cut, process.malformed = t.malformed;
      process.host = t.host, process.pid = t.pid;
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
    for (const TraceGroup& group : groups_->groups()) {
      store::Communicator& c = store_.communicators.emplace_back();
      const std::vector<int32_t>& ranks = group.ranks;
      c.id = store_.communicators.size();
      c.name = group.name.empty()    ? "world"
               : group.title.empty() ? absl::StrCat("group ", group.name)
                                     : absl::StrCat(group.title, "(", group.name, ")");
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
  static int32_t StepAt(const RankTrace& trace, int64_t time) {
    auto it = std::upper_bound(trace.steps.begin(), trace.steps.end(), time,
                               [](int64_t t, const RankStep& s) { return t < s.begin_ns; });
    if (it == trace.steps.begin()) return kNone;
    --it;
    return time <= it->end_ns ? static_cast<int32_t>(std::clamp<int64_t>(it->number, 0, INT32_MAX)) : kNone;
  }

  // Sends and receives are matched by order, and the windows of two calls-only traces may begin on different
  // sides of a pair: their sizes are compared only where kernels show what ran.
  uint64_t CountOf(const RankOperation& o, const OperationMeaning& meaning) const {
    return meaning.sizes_agree || (meaning.p2p && source_.runs_on_device) ? o.elements : 0;
  }

  void AddOperations(size_t t) {
    const RankTrace& trace = traces_[t];
    std::map<std::pair<int32_t, bool>, uint32_t> counts;  // of collectives, and of sends and receives
    int64_t previous = 0;                                 // calls are in order also where some lack a time
    for (size_t i = 0; i < trace.operations.size(); ++i) {
      const int32_t g = groups_->Of(t, i);
      if (g < 0) continue;
      const RankOperation& o = trace.operations[i];
      const OperationMeaning meaning = Meaning(o);
      const TraceGroup& group = GroupAt(g);
      store::Operation row;
      row.rank = static_cast<int32_t>(t), row.communicator = g, row.member = group.PlaceOf(trace.rank);
      row.api = meaning.api, row.p2p = meaning.p2p, row.peer = meaning.p2p ? group.PlaceOf(o.peer) : kNone;
      row.seq = ++counts[{g, meaning.p2p}] + (meaning.p2p ? 0 : BeginOf(g, t));
      row.started = OnAxis(o.started_ns), row.finished = OnAxis(o.finished_ns);
      row.entered = o.called_ns == 0 ? row.started : OnAxis(o.called_ns);
      if (row.started != 0) row.entered = std::min(row.entered, row.started);
      if (!source_.runs_on_device) row.entered = previous = std::max(previous, row.entered);
      row.returned = row.entered;
      row.count = CountOf(o, meaning);
      row.dtype = source_.runs_on_device || !meaning.sizes_agree ? uint8_t{0xff} : DataTypeOf(o.dtype);
      row.stream = o.stream + 1;
      row.step = StepAt(trace, o.called_ns == 0 ? o.started_ns : o.called_ns);
      // Of calls nobody knows whether they have completed. But whoever writes a trace of calls went on after
      // the last one: there is nothing that waits.
      row.state = store::OpState::kDone;
      store::Member& member = store_.communicators[g].members[row.member];
      (meaning.p2p ? member.last_p2p_seq : member.last_seq) = row.seq;
      store_.AddOperation(row);
    }
  }

  uint32_t BeginOf(int32_t group, size_t t) const {
    const auto it = begins_.find(group);
    return it == begins_.end() ? 0 : it->second[t];
  }

  void Describe() {
    Note(std::string(source_.not_seen));
    if (groups_->untold() > 0)
      Note(absl::StrCat(groups_->untold(), " operations of groups whose ranks cannot be told, left out"));
    if (guessed_) Note("not all files tell their rank: they were numbered by their names");
    if (!source_.runs_on_device) return;
    size_t linked = 0, all = 0;
    for (const RankTrace& t : traces_) {
      for (const RankOperation& o : t.operations) ++all, linked += o.called_ns != 0;
    }
    if (linked < all)
      Note(absl::StrCat(all - linked, " of ", all,
                        " kernels could not be linked with the call that enqueued them: entered = started"));
  }

  std::vector<RankTrace> traces_;
  const TraceSource& source_;
  Store& store_;
  absl::flat_hash_map<int32_t, int32_t> dense_;  // global rank -> index in store
  const TraceGroups* groups_ = nullptr;
  std::map<int32_t, std::vector<uint32_t>> begins_;  // by group: of the window of each trace
  int32_t world_size_ = 0;
  int64_t origin_ = 0;
  bool guessed_ = false;
};

}  // namespace

absl::Status AssembleJob(std::vector<RankTrace> traces, const TraceSource& source, Store& store) {
  const bool any =
      std::any_of(traces.begin(), traces.end(), [](const auto& t) { return !t.operations.empty(); });
  if (!any) {
    return absl::InvalidArgumentError(
        absl::StrCat(traces.empty() ? "no trace" : traces.front().file, ": ", source.no_operations));
  }
  JobBuilder(std::move(traces), source, store).Build();
  return absl::OkStatus();
}

}  // namespace rankle::import
