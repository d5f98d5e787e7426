#include "analyzer/import/logs/log_job.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "analyzer/import/flight_recorder/dump_job.h"
#include "analyzer/import/logs/dead_ranks.h"
#include "analyzer/import/logs/log_ranks.h"
#include "analyzer/import/logs/log_troubles.h"
#include "analyzer/import/logs/nccl_job.h"
#include "analyzer/import/logs/status_job.h"

namespace rankle::import {
namespace {

// The most that logs prove: they show what was launched, neither when it finished nor what the devices did.
constexpr double kCertainty = 0.85;
// A log that may have been copied while the job ran: ranks launch ahead of each other by many operations.
constexpr double kCertaintyCut = 0.5;
// Right for a job on one host, which is what a log without another host looks like.
constexpr double kCertaintyOfLocalRank = 0.7;
// Joined logs are dated after what is known better (the slack of the verdict is 1 s): dumps are written at a
// timeout, so what ends a process later mostly follows from it, and what is the same rank's is its cause.
constexpr int64_t kAfterwards = 2'000'000'000;
// A log over New Year's Eve: times half a year apart are a day apart.
constexpr int64_t kYear = 366 * kDayNs;

// The axis of a job: what has times, from the first on; what has none (places in files) before that.
class Axis {
 public:
  void See(int64_t time) {
    if (time <= 0) return;
    if (time < kDayNs) {
      last_place_ = std::max(last_place_, time);
    } else {
      first_ = std::min(first_, time), last_ = std::max(last_, time);
    }
  }
  void Close() { wraps_ = first_ != INT64_MAX && last_ - first_ > kYear / 2; }
  int64_t operator()(int64_t time) const {
    if (time <= 0) return 0;
    if (time < kDayNs) return time;
    // Kernel logs reach back before the job.
    if (!wraps_) return std::max<int64_t>(time - first_ + last_place_, 0) + 1;
    // What lies in the second half of the year was before.
    const bool before = time - first_ > kYear / 2;
    return time - kYear / 2 - first_ + (before ? 0 : kYear) + last_place_ + 1;
  }

 private:
  int64_t first_ = INT64_MAX, last_ = 0, last_place_ = 0;
  bool wraps_ = false;
};

Axis AxisOf(const LogContents& contents) {
  Axis axis;
  for (const LoggedCommunicator& c : contents.communicators) {
    for (const int64_t time : {c.init_started, c.ready, c.gone}) axis.See(time);
    for (const LoggedOperation& o : c.operations) axis.See(o.time);
  }
  for (const LoggedProcess& process : contents.processes) axis.See(process.last_seen);
  for (const LoggedTrouble& trouble : contents.troubles) {
    // Kernel logs reach back for months.
    if (trouble.kind != TroubleKind::kXid) axis.See(trouble.time);
  }
  for (const LoggedStatus& s : contents.statuses) axis.See(s.time - s.ran_ms * 1'000'000), axis.See(s.time);
  axis.Close();
  return axis;
}

bool HasOperations(const LogContents& contents) {
  return std::any_of(contents.communicators.begin(), contents.communicators.end(),
                     [](const LoggedCommunicator& c) { return !c.operations.empty(); });
}

void Describe(const LogContents& contents, store::Store& store) {
  auto& notes = store.quality.notes;
  notes.insert(notes.end(), contents.notes.begin(), contents.notes.end());
  if (contents.cut_lines > 0) {
    notes.push_back(absl::StrCat(contents.cut_lines,
                                 " lines are longer than a log's lines, only their beginnings were read"));
  }
  if (contents.unknown_operations > 0)
    notes.push_back(absl::StrCat(contents.unknown_operations, " NCCL operations of unknown names, left out"));
  if (contents.dropped_troubles > 0)
    notes.push_back(absl::StrCat(contents.dropped_troubles, " more errors in the logs were not looked at"));
}

void LimitCertainty(double most, const std::string& why, store::Store& store) {
  store.quality.certainty = std::min(store.quality.certainty, most);
  store.quality.notes.push_back(why);
}

// Do all ranks of every communicator come equally far?
bool IsEven(const store::Store& store) {
  for (const store::Communicator& c : store.communicators) {
    for (const store::Member& m : c.members) {
      if (m.rank != store::kNone && m.last_seq != c.members.front().last_seq) return false;
    }
  }
  return true;
}

// Without lines of NCCL and watchdogs: ranks are those that anybody names.
void AddNamedRanks(const LogContents& contents, const RankFinder& finder, store::Store& store) {
  std::set<int32_t> ranks;
  for (const LoggedTrouble& trouble : contents.troubles) {
    const int32_t rank = finder.RankOf(trouble.who);
    if (rank >= 0) ranks.insert(rank);
  }
  for (const int32_t rank : ranks) {
    store.ranks.push_back({rank, static_cast<int32_t>(store.processes.size())});
    store.processes.emplace_back().rank = rank;
  }
  if (!ranks.empty()) store.world_size = *ranks.rbegin() + 1;
}

// Hosts and process ids, which watchdogs do not tell, from NCCL's lines.
void AddHosts(const LogContents& contents, const LogSeats& seats, store::Store& store) {
  std::map<int32_t, const LoggedProcess*> known;
  for (const Seat& seat : seats.seats) known[seat.rank] = &contents.processes[seat.process];
  for (store::Process& process : store.processes) {
    const auto it = known.find(process.rank);
    if (it != known.end()) process.host = it->second->host, process.pid = it->second->pid;
  }
}

// Processes that are not analyzed, and what was said before those that are began.
void ForgetOtherAttempts(const LogSeats& seats, LogContents& contents) {
  if (seats.since == 0) return;
  const auto is_old = [&](int64_t time) { return time >= kDayNs && time < seats.since; };
  std::erase_if(contents.troubles,
                [&](const LoggedTrouble& t) { return t.kind != TroubleKind::kXid && is_old(t.time); });
  std::erase_if(contents.statuses, [&](const LoggedStatus& s) { return is_old(s.time); });
}

// A launcher's line tells the rank on its host only, and nothing else tells of several hosts, nor of this
// rank.
bool AnyRankIsGuessed(const LogContents& contents, const RankFinder& finder) {
  std::set<int32_t> guessed, known;
  for (const LoggedTrouble& t : contents.troubles)
    (finder.IsGuess(t.who) ? guessed : known).insert(finder.RankOf(t.who));
  return std::any_of(guessed.begin(), guessed.end(), [&](int32_t rank) { return !known.contains(rank); });
}

}  // namespace

absl::Status BuildStore(LogContents contents, store::Store& store) {
  const LogSeats seats = SeatsOf(contents);
  ForgetOtherAttempts(seats, contents);
  const Axis axis = AxisOf(contents);
  const std::function<int64_t(int64_t)> on_axis = axis;
  RankFinder finder;
  finder.KnowAll(contents, seats);
  Describe(contents, store);
  const bool has_operations = HasOperations(contents);
  if (!has_operations && !contents.statuses.empty()) {
    std::vector<Dump> dumps = DumpsOf(contents);
    for (Dump& dump : dumps) {
      for (DumpEntry& e : dump.entries) e.created = std::max<int64_t>(axis(e.created), 1);
    }
    BuildStore(std::move(dumps), store);
    AddHosts(contents, seats, store);
  } else if (!seats.seats.empty()) {
    store.quality.certainty = std::min(kCertainty, seats.certainty);
    AddNcclJob(contents, seats, on_axis, store);
    store.Finish();
  } else {
    store.quality.certainty = kCertainty;
    AddNamedRanks(contents, finder, store);
    store.Finish();
  }
  store.quality.certainty = std::min(store.quality.certainty, contents.certainty);
  store.source = "logs";
  store.streams_known = store.device_times = store.end_is_observed = false;
  if (!seats.how.empty()) store.quality.notes.push_back(seats.how);
  if (AnyRankIsGuessed(contents, finder)) {
    LimitCertainty(
        kCertaintyOfLocalRank,
        "a launcher tells ranks on their hosts only: they are taken for ranks of the job, which is wrong "
        "for a job on several hosts",
        store);
  }
  for (const auto& time : store.operations.entered)
    store.observed_until = std::max(store.observed_until, time);
  AddDeadRanks(contents, finder, store);
  const TroubleAccount account = AddTroubles(contents, finder, on_axis, EndsFromLogs::kAll, store);
  for (const store::Process& process : store.processes)
    store.observed_until = std::max(store.observed_until, process.last_seen);
  store.observed_until = std::max<int64_t>(store.observed_until, 1);
  if (account.stranger > 0) {
    store.quality.notes.push_back(
        absl::StrCat(account.stranger, " errors in the logs belong to no rank that is known"));
  }
  const bool has_stopped = contents.has_timeouts || account.told > 0;
  if (has_operations && !has_stopped && !IsEven(store)) {
    LimitCertainty(
        kCertaintyCut,
        "no line of the logs says that the job stopped: ranks that launched less than others may just "
        "be later, if the logs were copied while it ran",
        store);
  }
  store.quality.notes.push_back(
      "from logs only: when operations finished, streams and exact times are not in them");
  if (store.ranks.empty() && account.stranger == 0 && !contents.has_timeouts && contents.nccl_lines == 0)
    return absl::InvalidArgumentError("the logs name neither a rank nor a failure");
  return absl::OkStatus();
}

absl::Status JoinStore(const LogContents& contents, store::Store& store) {
  const LogSeats seats = SeatsOf(contents);
  const Axis axis = AxisOf(contents);
  RankFinder finder;
  finder.KnowAll(store);
  // Guessed ranks would be blamed for what others did.
  if (seats.certainty == 1) finder.KnowAll(contents, seats);
  const int64_t base = store.observed_until + kAfterwards;
  const std::function<int64_t(int64_t)> on_axis = [&](int64_t time) { return base + axis(time); };
  const bool native = store.source == "rankle";
  if (!native) AddDeadRanks(contents, finder, store);
  const TroubleAccount account =
      AddTroubles(contents, finder, on_axis, native ? EndsFromLogs::kNone : EndsFromLogs::kOwnFault, store);
  if (account.told + account.stranger > 0) {
    store.quality.notes.push_back(absl::StrCat(
        "logs: ", account.told, " errors of ranks of the job, ", account.stranger,
        " of nobody known; their times are not related to the job's, they are shown after its end"));
  }
  return absl::OkStatus();
}

}  // namespace rankle::import
