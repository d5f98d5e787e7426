#include "analyzer/explain/events.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/import/flight_record/run_json.h"
#include "analyzer/localize/describe.h"
#include "injector/api/api.h"
#include "injector/api/results.h"
#include "tracer/record/format.h"

namespace rankle::explain {
namespace {

using store::kNone;
using store::ProcessState;
using store::Store;

// Peers see the end of a process before its launcher has reaped it (verdict.cc uses the same).
constexpr int64_t kReapingNs = 200'000'000;
// A process without a heartbeat for this long counts as gone (docs/diagnosis.md), so it ended within it.
constexpr int64_t kHeartbeatNs = 1'500'000'000;
// Shorter pauses are never called a hang, so nobody ends a process for one.
constexpr int64_t kLeastSilenceNs = 2'000'000'000;
// A pause is out of the ordinary if it is so many times as long as the longest before it: loading and
// checkpoints of ordinary length come again and vary, by less than a factor of two in the programs of
// corpora.
constexpr int64_t kSilenceFactor = 3;

std::string UpToBlank(const std::string& text) { return text.substr(0, text.find(' ')); }

// How a process ended, as patterns name it.
std::string EndName(const store::Process& p) {
  if (p.signal != 0) return import::SignalName(p.signal);
  return p.has_exit_code ? absl::StrCat("exit ", p.exit_code) : "vanished";
}
std::string EndText(const store::Process& p) {
  if (p.signal != 0) return absl::StrCat("the process was ended by ", import::SignalName(p.signal));
  if (p.has_exit_code) return absl::StrCat("the process ended with exit code ", p.exit_code);
  return "the process shows no sign of life any more (killed or stopped)";
}

class Collector {
 public:
  Collector(const Store& store, const facts::Facts& facts, const Verdict& verdict)
      : store_(store), facts_(facts), verdict_(verdict) {
    for (size_t i = 0; i < store.events.size(); ++i) events_at_.emplace(store.events.time[i], i);
  }

  Incident Collect() {
    for (const localize::Disagreement& d : facts_.disagreements) AddDisagreement(d);
    for (const localize::Failure& f : facts_.failures) AddFailure(f);
    for (const localize::Stall& s : facts_.stalls) AddStall(s);
    AddNotices();
    FindIncarnations();
    ReadRecordTimes();
    AddTeardowns();
    AddWhatTheLauncherDid();
    AddRestarts();
    for (size_t rank = 0; rank < store_.ranks.size(); ++rank) AddSilence(static_cast<int32_t>(rank));
    TellAftermathApart();
    BoundEnds();
    if (absl::StartsWith(verdict_.anomaly, "hang.") || absl::StartsWith(verdict_.anomaly, "crash."))
      MarkRootsOfLastResort();
    AddMembers();
    return std::move(incident_);
  }

 private:
  bool IsCulprit(int32_t global) const {
    return std::find(verdict_.ranks.begin(), verdict_.ranks.end(), global) != verdict_.ranks.end();
  }
  bool VerdictIs(const char* family) const { return absl::StartsWith(verdict_.anomaly, family); }
  int64_t EndOfObservation() const { return store_.stalled != 0 ? store_.stalled : store_.observed_until; }

  std::vector<int32_t> Global(const std::vector<int32_t>& ranks) const {
    std::vector<int32_t> global = localize::GlobalRanks(store_, ranks);
    std::sort(global.begin(), global.end());
    global.erase(std::unique(global.begin(), global.end()), global.end());
    return global;
  }

  Event& Add(EventKind kind, int64_t earliest, int64_t latest, std::string text) {
    Event& e = incident_.events.emplace_back();
    e.kind = kind, e.earliest = e.shown = earliest, e.latest = std::max(earliest, latest);
    e.text = std::move(text);
    return e;
  }

  void AddDisagreement(const localize::Disagreement& d) {
    Event& e = Add(EventKind::kDisagreement, d.time, d.time, d.what);
    e.ranks = Global(d.culprits), e.communicator = d.communicator, e.name = d.field;
    e.root = VerdictIs("hang.mismatch") &&
             std::any_of(e.ranks.begin(), e.ranks.end(), [&](int32_t rank) { return IsCulprit(rank); });
  }

  // What in the records a failure without a call is told by: an event of its rank or of the whole process, at
  // its time. Each tells of one failure of a rank; what none tells of is the end of the process.
  const size_t* RecordOf(const localize::Failure& f) {
    for (auto [it, end] = events_at_.equal_range(f.time); it != end; ++it) {
      const size_t i = it->second;
      const store::Events& e = store_.events;
      const bool own =
          e.rank[i] == f.rank || (e.rank[i] == kNone && e.process[i] == store_.ranks[f.rank].process);
      const bool counts = e.kind[i] != store::EventKind::kMark && e.kind[i] != store::EventKind::kMemory;
      if (own && counts && used_.emplace(i, f.rank).second) return &it->second;
    }
    return nullptr;
  }

  void AddFailure(const localize::Failure& f) {
    Event& e = Add(EventKind::kEnd, f.time, f.time, f.what);
    const int32_t global = store_.GlobalRank(f.rank);
    e.ranks = {global}, e.communicator = f.communicator;
    e.process = store_.ranks[f.rank].process;
    e.root = VerdictIs("crash.") && f.root && IsCulprit(global);
    if (f.api != 0) {
      const api::ApiInfo* info = api::FindApi(f.api);
      e.kind = EventKind::kCall, e.name = std::string(api::ApiName(f.api));
      e.error = info != nullptr && info->library == api::Library::kNccl
                    ? api::NcclResultName(f.code)
                    : UpToBlank(api::CudaResultName(f.code));
    } else if (const size_t* record = RecordOf(f)) {
      DescribeRecord(f, *record, e);
    } else if (const store::Process* p = store_.ProcessOf(f.rank)) {
      e.error = EndName(*p), e.alike = EndText(*p);
      if (p->has_exit_code && p->exit_code == 0 && p->signal == 0) e.alike.clear();  // what says more
      const int64_t ended =
          p->ended != 0 ? p->ended : std::min(p->last_seen + kHeartbeatNs, store_.observed_until);
      const bool dated = p->signal == 0 && p->has_exit_code;
      e.earliest = std::min(f.time, dated ? ended - kReapingNs : p->last_seen);
      e.latest = std::max(f.time, ended);
    }
  }

  void DescribeRecord(const localize::Failure& f, size_t i, Event& e) const {
    switch (store_.events.kind[i]) {
      case store::EventKind::kAsyncError:
        e.kind = EventKind::kAsync, e.error = api::NcclResultName(f.code);
        break;
      case store::EventKind::kReport:
        e.kind = EventKind::kReport, e.name = localize::FailureKindName(f.kind);
        break;
      case store::EventKind::kException:
        e.kind = EventKind::kException, e.name = store_.events.text[i];
        break;
      default:
        if (f.kind == localize::FailureKind::kException) {
          e.kind = EventKind::kException, e.name = "std::terminate";
        } else {
          e.kind = EventKind::kGivesUp;
          e.error = f.signal != 0 ? import::SignalName(f.signal) : absl::StrCat("exit ", f.code);
        }
    }
  }

  void AddStall(const localize::Stall& s) {
    if (!s.wait.IsStalled()) return;
    for (int32_t rank : s.culprits) AddLastOperation(rank);
    if (s.wait.waiters.empty()) return;
    Event& e =
        Add(EventKind::kWait, s.wait.last_arrival, EndOfObservation(),
            absl::StrCat(s.wait.waiters.size(), s.wait.waiters.size() == 1 ? " rank begins" : " ranks begin",
                         " to wait in ", WaitName(store_, s.wait)));
    std::vector<int32_t> ranks = s.wait.waiters;
    ranks.insert(ranks.end(), s.victims.begin(), s.victims.end());
    e.ranks = Global(ranks), e.waits_for = Global(s.culprits), e.communicator = s.wait.communicator;
    e.name = WaitName(store_, s.wait);
  }

  void AddLastOperation(int32_t rank) {
    const size_t end = store_.rank_begin(rank + 1);
    if (end == store_.rank_begin(rank)) return;
    const auto& o = store_.operations;
    const size_t last = end - 1;
    const store::Process* p = store_.ProcessOf(rank);
    const bool alive = p == nullptr || p->ended_by_launcher || p->state == ProcessState::kRunning ||
                       p->state == ProcessState::kStopped;
    Event& e = Add(alive ? EventKind::kStandstill : EventKind::kLastSeen,
                   std::max(o.entered[last], o.finished[last]), EndOfObservation(),
                   absl::StrCat("last seen in ", store::OperationName(o.api[last]), " #", o.seq[last], " of ",
                                store_.communicators[o.communicator[last]].name));
    e.ranks = {store_.GlobalRank(rank)}, e.name = store::OperationName(o.api[last]);
    e.root = alive && VerdictIs("hang.") && !VerdictIs("hang.mismatch") && IsCulprit(e.ranks[0]);
  }

  void AddNotices() {
    for (const store::Notice& notice : store_.notices) {
      Event& e =
          Add(EventKind::kNotice, notice.time, notice.time, absl::StrCat(notice.by, " said: ", notice.text));
      e.name = notice.by;
      if (notice.rank != kNone) e.ranks = {notice.rank};
    }
  }

  // One a rank: a program aborts all its communicators together.
  void AddTeardowns() {
    std::map<int32_t, int64_t> first;  // by rank
    for (const store::Communicator& c : store_.communicators) {
      for (const store::Member& m : c.members) {
        if (m.rank == kNone || m.state != store::CommState::kAborted || m.teardown_entered == 0) continue;
        if (store_.stalled != 0 && m.teardown_entered > store_.stalled) continue;
        const auto [it, added] = first.emplace(m.rank, m.teardown_entered);
        it->second = std::min(it->second, m.teardown_entered);
      }
    }
    for (const auto& [rank, time] : first) {
      Event& e = Add(EventKind::kTeardown, time, time, "aborts its communicators");
      e.ranks = {store_.GlobalRank(rank)}, e.process = store_.ranks[rank].process, e.quiet = true;
    }
  }

  void AddWhatTheLauncherDid() {
    if (store_.stalled != 0)
      Add(EventKind::kStall, store_.stalled, store_.stalled,
          "rankle run sees that nothing moves, and ends the job")
          .quiet = true;
    for (const store::Rank& rank : store_.ranks) {
      if (rank.process == kNone || !store_.processes[rank.process].ended_by_launcher) continue;
      const store::Process& p = store_.processes[rank.process];
      Event& e =
          Add(EventKind::kKilled, std::min(p.last_seen, p.ended), p.ended, "rankle run ends the process");
      e.shown = p.ended, e.ranks = {rank.global}, e.process = rank.process, e.quiet = true;
    }
  }

  // Earlier processes of a rank: how each ended, and that another one took its place.
  void AddRestarts() {
    for (const auto& [rank, processes] : incarnations_) {
      for (size_t i = 1; i < processes.size(); ++i) AddRestart(rank, processes[i - 1], processes[i]);
    }
  }

  void AddRestart(int32_t rank, int32_t old, int32_t next) {
    const store::Process &before = store_.processes[old], &after = store_.processes[next];
    const bool dated = before.has_exit_code && before.signal == 0;
    const int64_t ended =
        before.ended != 0 ? before.ended : std::min(before.last_seen + kHeartbeatNs, after.started);
    Event& end = Add(EventKind::kEnd, dated ? std::min(before.last_seen, ended) : before.last_seen, ended,
                     EndText(before));
    end.ranks = {rank}, end.process = old, end.error = EndName(before), end.quiet = end.root = true;
    Event& start = Add(EventKind::kStart, after.started, after.started, "a new process takes its place");
    start.ranks = {rank}, start.process = next, start.quiet = true;
    AddSilenceOf(rank, old);
  }

  // The processes that each rank was, in order. Only flight records tell of each; other sources may have
  // several files of one.
  void FindIncarnations() {
    for (const store::Rank& rank : store_.ranks) {
      if (rank.process != kNone) incarnations_[rank.global].push_back(rank.process);
    }
    for (size_t i = 0; i < store_.processes.size(); ++i) {
      const store::Process& p = store_.processes[i];
      const auto it = incarnations_.find(p.rank);
      if (p.heartbeat != 0 && it != incarnations_.end() && it->second.front() != static_cast<int32_t>(i))
        it->second.push_back(static_cast<int32_t>(i));
    }
    for (auto& [rank, processes] : incarnations_) {
      std::sort(processes.begin(), processes.end(), [&](int32_t a, int32_t b) {
        return store_.processes[a].started < store_.processes[b].started;
      });
      replaced_.insert(processes.begin(), processes.end() - 1);
    }
  }

  // When processes that were ended, or made way for others, made calls, as far as they are on record. The
  // operations of earlier incarnations are not kept.
  void ReadRecordTimes() {
    const auto add = [&](int32_t process, std::initializer_list<int64_t> times) {
      if (process == kNone) return;
      const store::Process& p = store_.processes[process];
      const bool ended = p.state == ProcessState::kFailed || p.state == ProcessState::kVanished;
      if (!ended && !replaced_.contains(process)) return;
      auto& own = times_[process];
      for (int64_t time : times) {
        if (time != 0) own.push_back(time);
      }
    };
    const auto& calls = store_.calls;
    for (size_t i = 0; i < calls.size(); ++i) add(calls.process[i], {calls.entered[i], calls.returned[i]});
    const auto& events = store_.events;
    for (size_t i = 0; i < events.size(); ++i) add(events.process[i], {events.time[i]});
    const auto& o = store_.operations;
    for (size_t i = 0; i < o.size(); ++i)
      add(store_.ranks[o.rank[i]].process, {o.entered[i], o.returned[i], o.finished[i]});
    for (auto& [process, times] : times_) std::sort(times.begin(), times.end());
  }

  // Only of ranks that something ended: whoever lives on stands still, or works.
  void AddSilence(int32_t rank) {
    const store::Process* p = store_.ProcessOf(rank);
    if (p == nullptr || (p->state != ProcessState::kFailed && p->state != ProcessState::kVanished)) return;
    if (p->signal == 0 && p->has_exit_code) return;  // its own decision
    // Whoever is inside a call or an operation waits, and is not silent.
    const auto& o = store_.operations;
    const size_t end = store_.rank_begin(rank + 1);
    if (end != store_.rank_begin(rank) && o.finished[end - 1] == 0) return;
    AddSilenceOf(store_.GlobalRank(rank), store_.ranks[rank].process);
  }

  void AddSilenceOf(int32_t global, int32_t process) {
    const store::Process& p = store_.processes[process];
    const auto found = times_.find(process);
    if (found == times_.end() || found->second.size() < 2) return;
    const std::vector<int64_t>& times = found->second;
    int64_t longest = 0;
    for (size_t i = 1; i < times.size(); ++i) longest = std::max(longest, times[i] - times[i - 1]);
    const int64_t lived = std::max(p.heartbeat, p.last_seen), silent = lived - times.back();
    if (silent < kLeastSilenceNs || silent < kSilenceFactor * longest) return;
    Event& e =
        Add(EventKind::kSilence, times.back(), p.ended != 0 ? p.ended : lived,
            absl::StrFormat("lives for %.1f s without any step or call on record", Store::Seconds(silent)));
    e.ranks = {global}, e.process = process, e.quiet = true;
  }

  // Whoever aborts communicators has decided already; what libraries throw and catch meanwhile is no reason
  // of it.
  void TellAftermathApart() {
    std::map<int32_t, int64_t> aborts;  // by process
    for (const Event& e : incident_.events) {
      if (e.kind == EventKind::kTeardown) aborts.emplace(e.process, e.earliest);
    }
    for (Event& e : incident_.events) {
      const auto at = aborts.find(e.process);
      if (e.kind == EventKind::kException && at != aborts.end() && e.earliest > at->second)
        e.kind = EventKind::kAftermath;
    }
  }

  // A process ends after all else that it did.
  void BoundEnds() {
    std::map<int32_t, int64_t> last;  // by process
    for (const Event& e : incident_.events) {
      const bool own = e.kind == EventKind::kCall || e.kind == EventKind::kAsync ||
                       e.kind == EventKind::kException || e.kind == EventKind::kGivesUp ||
                       e.kind == EventKind::kTeardown;
      if (own && e.process != kNone) last[e.process] = std::max(last[e.process], e.latest);
    }
    for (Event& e : incident_.events) {
      const auto at = last.find(e.process);
      if (e.kind != EventKind::kEnd || at == last.end()) continue;
      e.earliest = std::min(std::max(e.earliest, at->second), e.latest);
      e.shown = std::clamp(e.shown, e.earliest, e.latest);
    }
  }

  // Where no event of the culprits is on record that the class names: that they ended with success, or that
  // others wait for them.
  void MarkRootsOfLastResort() {
    auto& events = incident_.events;
    const auto is_root = [](const Event& e) { return e.root && !e.quiet; };
    if (std::any_of(events.begin(), events.end(), is_root)) return;
    for (int32_t rank = 0; VerdictIs("crash.") && rank < static_cast<int32_t>(store_.ranks.size()); ++rank) {
      const store::Process* p = store_.ProcessOf(rank);
      if (p == nullptr || p->state != ProcessState::kEnded || !IsCulprit(store_.GlobalRank(rank))) continue;
      Event& e = Add(EventKind::kEnd, p->ended - kReapingNs, p->ended, EndText(*p));
      e.shown = p->ended, e.ranks = {store_.GlobalRank(rank)}, e.process = store_.ranks[rank].process;
      e.error = EndName(*p), e.root = true;
    }
    if (std::any_of(events.begin(), events.end(), is_root)) return;
    for (Event& e : events) {
      e.root = e.root || (e.kind == EventKind::kWait && std::any_of(e.waits_for.begin(), e.waits_for.end(),
                                                                    [&](int32_t r) { return IsCulprit(r); }));
    }
  }

  void AddMembers() {
    for (const store::Communicator& c : store_.communicators) {
      std::vector<int32_t> ranks;
      for (const store::Member& m : c.members) {
        if (m.rank != kNone)
          ranks.push_back(store_.GlobalRank(m.rank));
        else if (m.global != kNone)
          ranks.push_back(m.global);
      }
      std::sort(ranks.begin(), ranks.end());
      incident_.members.push_back(std::move(ranks));
    }
    for (const store::Rank& rank : store_.ranks) {
      if (rank.process != kNone)
        incident_.hosts.emplace_back(rank.global, store_.processes[rank.process].host);
    }
    incident_.clock_uncertainty = std::llround(store_.quality.clock_uncertainty_us * 1e3);
  }

  const Store& store_;
  const facts::Facts& facts_;
  const Verdict& verdict_;
  std::multimap<int64_t, size_t> events_at_;              // store's events by time
  std::set<std::pair<size_t, int32_t>> used_;             // events that a failure of that rank was told by
  std::map<int32_t, std::vector<int32_t>> incarnations_;  // by global rank: processes, oldest first
  std::set<int32_t> replaced_;                            // processes that made way for another one
  std::map<int32_t, std::vector<int64_t>> times_;         // by process, ascending
  Incident incident_;
};

}  // namespace

Incident CollectEvents(const store::Store& store, const facts::Facts& facts, const Verdict& verdict) {
  return Collector(store, facts, verdict).Collect();
}

}  // namespace rankle::explain
