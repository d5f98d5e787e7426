#include "analyzer/import/rank_traces/assemble_job.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analyzer/import/rank_traces/operation_meaning.h"
#include "analyzer/import/rank_traces/operation_order.h"
#include "analyzer/import/rank_traces/take_job.h"
#include "analyzer/import/rank_traces/trace_clocks.h"
#include "analyzer/import/rank_traces/trace_groups.h"

namespace rankle::import {
namespace {

using store::kNone;
using store::Store;

// Files whose rank is not told were numbered by their order: a rank that is named could be any other.
constexpr double kCertaintyGuessed = 0.5;

class JobBuilder {
 public:
  JobBuilder(std::vector<RankTrace> traces, const TraceSource& source, Store& store)
      : traces_(std::move(traces)), source_(source), store_(store) {}

  // An error when nothing can be told.
  absl::Status Build() {
    JobTraces job = TakeJob(std::move(traces_), source_.operation, store_.quality);
    traces_ = std::move(job.traces), world_size_ = job.world_size, guessed_ = job.guessed;
    groups_.emplace(traces_, world_size_);
    if (absl::Status status = LeaveOutGroupless(); !status.ok()) return status;
    for (size_t t = 0; t < traces_.size(); ++t) dense_[traces_[t].rank] = static_cast<int32_t>(t);
    order_ = FindOperationOrder(traces_, *groups_, source_.runs_on_device);
    store_.source = source_.name;
    store_.device_times = store_.streams_known = store_.end_is_observed = source_.runs_on_device;
    store_.calls_only = !source_.runs_on_device;
    store_.quality.certainty = guessed_ ? std::min(kCertaintyGuessed, source_.certainty) : source_.certainty;
    if (absl::Status status = CheckOrder(); !status.ok()) return status;
    if (source_.runs_on_device) RelateClocks();
    AddRanks();
    AddCommunicators();
    for (size_t t = 0; t < traces_.size(); ++t) AddOperations(t);
    Describe();
    store_.Finish();
    return absl::OkStatus();
  }

 private:
  const TraceGroup& GroupAt(int32_t group) const { return groups_->groups()[group]; }
  void Note(std::string text) { store_.quality.notes.push_back(std::move(text)); }

  // A rank of which no operation can be used counts as missing.
  absl::Status LeaveOutGroupless() {
    untold_operations_ = groups_->untold();
    std::vector<RankTrace> kept;
    std::vector<std::string> files;
    for (size_t t = 0; t < traces_.size(); ++t) {
      bool usable = false;
      for (size_t i = 0; i < traces_[t].operations.size(); ++i) usable = usable || groups_->Of(t, i) >= 0;
      if (!usable) files.push_back(traces_[t].file);
      if (usable) kept.push_back(std::move(traces_[t]));
    }
    if (kept.empty())
      return absl::InvalidArgumentError(
          absl::StrCat(absl::StrJoin(files, ", "),
                       ": it cannot be told which ranks the operations belong to: record all ranks, or with "
                       "a version that "
                       "writes the ranks of groups (\"Process Group Ranks\" of PyTorch)"));
    traces_ = std::move(kept);
    if (files.empty()) return absl::OkStatus();
    Note(absl::StrCat("the groups of all operations in files cannot be told, their ranks count as missing: ",
                      absl::StrJoin(files, ", ")));
    groups_.emplace(traces_, world_size_);
    return absl::OkStatus();
  }

  // Where ranks cannot be told to have been in the same operation, who waited for whom is not known of any.
  absl::Status CheckOrder() {
    if (order_.shifted)
      Note(
          "the traces begin at different operations; they were aligned by the numbers of the calls or by the "
          "calls themselves");
    if (order_.outside > 0)
      Note(absl::StrCat(order_.outside,
                        " operations are left out: not all their ranks profiled them (windows of profilers "
                        "differ)"));
    if (order_.untold.empty()) return absl::OkStatus();
    std::vector<std::string> names;
    for (const int32_t g : order_.untold) names.push_back(NameOf(GroupAt(g)));
    const std::string why = absl::StrCat(
        "which operations of ", absl::StrJoin(names, ", "),
        " belong together cannot be told: ranks profiled different numbers of them, nothing that is the same "
        "on all ranks identifies them (as \"Seq\" does), and neither the times of their ends nor their sizes "
        "tell: profile the same steps on all ranks");
    if (!order_.TellsAny(*groups_)) return absl::InvalidArgumentError(why);
    Note(absl::StrCat(why, "; these ", order_.not_told, " are left out, and nothing is said of slowness"));
    store_.device_times = false;
    return absl::OkStatus();
  }

  // By the ends of collectives that all ranks of a group have.
  void RelateClocks() {
    std::map<std::pair<int32_t, uint32_t>, std::vector<SharedEnd>> ends;  // by group and number
    for (size_t t = 0; t < traces_.size(); ++t) {
      for (size_t i = 0; i < traces_[t].operations.size(); ++i) {
        const RankOperation& o = traces_[t].operations[i];
        const int32_t g = groups_->Of(t, i);
        if (g >= 0 && order_.number[t][i] != 0 && !MeaningOf(o).p2p)
          ends[{g, order_.number[t][i]}].push_back({t, o.finished_ns});
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

  void AddRanks() {
    int64_t first = INT64_MAX, last = kNotTold;
    const auto take = [&](int64_t time) {
      if (time != kNotTold) first = std::min(first, time), last = std::max(last, time);
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
    }
    store_.world_size = world_size_;
    for (int32_t r = 0; r < world_size_; ++r) {
      if (!dense_.contains(r)) store_.quality.missing_ranks.push_back(r);
    }
  }

  int64_t OnAxis(int64_t time) const {
    return time == kNotTold ? 0 : std::max<int64_t>(time - origin_ + 1, 1);
  }

  static std::string NameOf(const TraceGroup& group) {
    if (group.name.empty()) return "world";
    return group.title.empty() ? absl::StrCat("group ", group.name)
                               : absl::StrCat(group.title, "(", group.name, ")");
  }

  void AddCommunicators() {
    for (const TraceGroup& group : groups_->groups()) {
      store::Communicator& c = store_.communicators.emplace_back();
      const std::vector<int32_t>& ranks = group.ranks;
      c.id = store_.communicators.size();
      c.name = NameOf(group);
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
    std::map<int32_t, uint32_t> exchanges;  // of sends and receives in each group
    int64_t previous = 0;                   // calls are in order also where some lack a time
    for (size_t i = 0; i < trace.operations.size(); ++i) {
      const int32_t g = groups_->Of(t, i);
      if (g < 0 || order_.number[t][i] == 0) continue;
      const RankOperation& o = trace.operations[i];
      const OperationMeaning meaning = MeaningOf(o);
      const TraceGroup& group = GroupAt(g);
      store::Operation row;
      row.rank = static_cast<int32_t>(t), row.communicator = g, row.member = group.PlaceOf(trace.rank);
      row.api = meaning.api, row.p2p = meaning.p2p, row.peer = meaning.p2p ? group.PlaceOf(o.peer) : kNone;
      row.seq = meaning.p2p ? ++exchanges[g] : order_.number[t][i];
      row.started = OnAxis(o.started_ns), row.finished = OnAxis(o.finished_ns);
      row.entered = o.called_ns == kNotTold ? row.started : OnAxis(o.called_ns);
      if (row.started != 0) row.entered = std::min(row.entered, row.started);
      if (!source_.runs_on_device) row.entered = previous = std::max(previous, row.entered);
      row.returned = row.entered;
      row.count = CountOf(o, meaning);
      row.dtype = source_.runs_on_device || !meaning.sizes_agree ? uint8_t{0xff} : DataTypeOf(o.dtype);
      row.stream = o.stream + 1;
      row.step = StepAt(trace, o.called_ns == kNotTold ? o.started_ns : o.called_ns);
      // Of calls nobody knows whether they have completed. But whoever writes a trace of calls went on after
      // the last one: there is nothing that waits.
      row.state = store::OpState::kDone;
      store::Member& member = store_.communicators[g].members[row.member];
      (meaning.p2p ? member.last_p2p_seq : member.last_seq) = row.seq;
      store_.AddOperation(row);
    }
  }

  void Describe() {
    Note(std::string(source_.not_seen));
    if (untold_operations_ > 0)
      Note(absl::StrCat(untold_operations_, " operations of groups whose ranks cannot be told, left out"));
    if (guessed_) Note("not all files tell their rank: they were numbered by their names");
    if (!source_.runs_on_device) return;
    size_t linked = 0, all = 0;
    for (const RankTrace& t : traces_) {
      for (const RankOperation& o : t.operations) ++all, linked += o.called_ns != kNotTold;
    }
    if (linked < all)
      Note(absl::StrCat(all - linked, " of ", all,
                        " kernels could not be linked with the call that enqueued them: entered = started"));
  }

  std::vector<RankTrace> traces_;
  const TraceSource& source_;
  Store& store_;
  absl::flat_hash_map<int32_t, int32_t> dense_;  // global rank -> index in store
  std::optional<TraceGroups> groups_;
  OperationOrder order_;
  uint64_t untold_operations_ = 0;  // without a group
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
  return JobBuilder(std::move(traces), source, store).Build();
}

}  // namespace rankle::import
