#include "analyzer/import/logs/log_troubles.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "analyzer/import/logs/stated_failure.h"
#include "analyzer/import/logs/xid.h"

namespace rankle::import {
namespace {

using store::Blame;
using store::kNone;

// One each of a rank and kind, and so many in all, go into the causal chain beside what is known better.
constexpr size_t kMostNotices = 8;

class TroubleAdder {
 public:
  TroubleAdder(const LogContents& contents, const RankFinder& finder,
               const std::function<int64_t(int64_t)>& on_axis, EndsFromLogs ends, store::Store& store)
      : contents_(contents), finder_(finder), on_axis_(on_axis), ends_(ends), store_(store) {
    for (int32_t r = 0; r < static_cast<int32_t>(store.ranks.size()); ++r) dense_[store.ranks[r].global] = r;
    const auto see = [this](int64_t time) {
      if (time >= kDayNs) begin_ = std::min(begin_, time);
    };
    for (const LoggedCommunicator& c : contents.communicators) {
      see(c.init_started), see(c.ready);
      if (!c.operations.empty()) see(c.operations.front().time);
    }
    for (const LoggedTrouble& t : contents.troubles) {
      if (t.kind != TroubleKind::kXid) see(t.time);
    }
    has_first_ = std::any_of(contents.troubles.begin(), contents.troubles.end(),
                             [](const LoggedTrouble& t) { return t.kind == TroubleKind::kEnd && t.first; });
  }

  TroubleAccount Add() {
    if (ends_ == EndsFromLogs::kAll) ReportUnattributed();
    std::map<int32_t, std::vector<const LoggedTrouble*>> by_rank;  // dense
    for (const LoggedTrouble& trouble : contents_.troubles) {
      const auto it = dense_.find(finder_.RankOf(trouble.who));
      if (it != dense_.end()) {
        by_rank[it->second].push_back(&trouble), ++account_.told;
      } else {
        ++account_.stranger;
      }
      if (it != dense_.end() || account_.stranger <= kMostNotices)
        Remark(it == dense_.end() ? kNone : it->first, trouble);
    }
    for (auto& [rank, troubles] : by_rank) {
      // Its end is the last of a process, whatever clock the launcher has.
      std::stable_sort(troubles.begin(), troubles.end(), [](const LoggedTrouble* a, const LoggedTrouble* b) {
        return std::pair(a->kind == TroubleKind::kEnd, a->time) <
               std::pair(b->kind == TroubleKind::kEnd, b->time);
      });
      AddRank(rank, troubles);
    }
    // Nobody has a fault of its own: those who saw others fail are all that there is.
    if (ends_ == EndsFromLogs::kAll && !anybody_ended_ && !contents_.has_timeouts) {
      for (const auto& [rank, trouble] : given_up_) {
        if (trouble != nullptr) EndProcess(rank, by_rank[rank], *trouble);
      }
    }
    return account_;
  }

 private:
  void Remark(int32_t global_rank, const LoggedTrouble& trouble) {
    if (remarked_.size() >= kMostNotices || !remarked_.insert({global_rank, trouble.kind}).second) return;
    store::Notice notice;
    notice.time = on_axis_(trouble.time), notice.rank = global_rank, notice.host = trouble.who.host;
    notice.text = trouble.text, notice.by = "a log";
    store_.notices.push_back(std::move(notice));
  }

  // Nobody else speaks of this job: what failed without a name, or stood still, must not look like health.
  // The rules pass over it where a rank is known to have failed.
  void ReportUnattributed() {
    const auto is_known = [this](const LoggedTrouble& t) { return dense_.contains(finder_.RankOf(t.who)); };
    const LoggedTrouble* stated = StatedFailure(contents_, is_known);
    if (stated != nullptr && !(stated->kind == TroubleKind::kXid && IsOfEarlier(stated->time)))
      Report(kNone, *stated, stated->time);
  }

  // Did anything fail besides what kernel logs say? Those reach back to other jobs.
  bool JobHasFailed() const {
    return contents_.has_timeouts ||
           std::any_of(contents_.troubles.begin(), contents_.troubles.end(), [](const LoggedTrouble& t) {
             return t.kind == TroubleKind::kEnd || (t.kind == TroubleKind::kError && t.fatal);
           });
  }

  static bool IsOwnFault(const LoggedTrouble& t) {
    if (t.kind == TroubleKind::kXid) return MeaningOfXid(t.xid).blame < XidBlame::kConsequence;
    return t.kind == TroubleKind::kError && t.blame == Blame::kLocal;
  }
  // Ends that processes do not choose themselves, and nobody asks for.
  static bool IsCrash(const LoggedTrouble& end) {
    return end.signal != 0 && end.signal != SIGTERM && end.signal != SIGINT && end.signal != SIGHUP;
  }

  // What ended the rank, in order of time. Everything from the moment on when its watchdog lost patience, or
  // when it saw a peer gone, follows from that.
  void AddRank(int32_t rank, const std::vector<const LoggedTrouble*>& troubles) {
    const LoggedTrouble* end = nullptr;
    bool waited = false, own_fault = false, gave_up = false;
    // A GPU that fails is why, however late the line is: the kernel's clock is another one.
    for (const LoggedTrouble* t : troubles) {
      if (t->kind != TroubleKind::kXid || !IsOwnFault(*t) || IsOfEarlier(t->time)) continue;
      ReportAt(rank, *t, TimeOfXid(rank, on_axis_(troubles.front()->time)));
      own_fault = true;
      if (JobHasFailed()) end = t;
    }
    if (ends_ == EndsFromLogs::kNone) return;
    for (const LoggedTrouble* t : troubles) {
      if (t->kind == TroubleKind::kWatchdog) {
        waited = true;
      } else if (t->kind == TroubleKind::kError) {
        if (waited && IsOwnFault(*t)) continue;
        Report(rank, *t, t->time);
        if (t->fatal) (IsOwnFault(*t) ? end : given_up_[rank]) = t;
        waited = waited || !IsOwnFault(*t), own_fault = own_fault || IsOwnFault(*t);
      } else if (t->kind == TroubleKind::kEnd) {
        gave_up = waited && !own_fault;
        const bool late = has_first_ && !t->first && !own_fault;  // ended because of the first
        const bool counts = own_fault || IsCrash(*t) || ends_ == EndsFromLogs::kAll;
        if (!gave_up && !late && counts) end = t;
        if (gave_up && contents_.statuses.empty()) given_up_[rank] = t;
      }
    }
    if (end == nullptr) return;
    given_up_.erase(rank);
    EndProcess(rank, troubles, *end);
  }

  // Kernel logs reach back to what a host did before. Clocks differ by less than a day.
  bool IsOfEarlier(int64_t time) const {
    return time >= kDayNs && begin_ != INT64_MAX && time < begin_ - kDayNs;
  }
  // After the rank's last operation, before anything that it suffered from.
  int64_t TimeOfXid(int32_t rank, int64_t latest) const {
    const size_t end = store_.rank_begin(rank + 1);
    return end == store_.rank_begin(rank) ? latest : std::min(latest, store_.operations.entered[end - 1]);
  }

  void Report(int32_t rank, const LoggedTrouble& t, int64_t time) { ReportAt(rank, t, on_axis_(time)); }
  void ReportAt(int32_t rank, const LoggedTrouble& t, int64_t time) {
    auto& e = store_.events;
    const int32_t process = rank == kNone ? kNone : store_.ranks[rank].process;
    e.rank.push_back(rank), e.process.push_back(process), e.communicator.push_back(kNone);
    e.kind.push_back(store::EventKind::kReport), e.code.push_back(static_cast<uint16_t>(t.failure));
    e.time.push_back(time), e.count.push_back(0), e.result.push_back(static_cast<uint8_t>(t.blame));
    e.text.push_back(t.text);
  }

  void EndProcess(int32_t rank, const std::vector<const LoggedTrouble*>& troubles,
                  const LoggedTrouble& last) {
    const int32_t index = store_.ranks[rank].process;
    if (index == kNone || ends_ == EndsFromLogs::kNone) return;
    store::Process& p = store_.processes[index];
    if (p.state != store::ProcessState::kRunning) return;
    p.state = store::ProcessState::kFailed, p.ended = std::max<int64_t>(on_axis_(last.time), p.last_seen);
    p.last_seen = p.ended, anybody_ended_ = true;
    for (const LoggedTrouble* t : troubles) {
      if (t->kind == TroubleKind::kEnd)
        p.signal = t->signal, p.exit_code = t->exit_code, p.end_is_known = true;
      if (t->who.pid > 0 && p.pid == 0) p.pid = t->who.pid;
      if (!t->who.host.empty() && p.host.empty()) p.host = t->who.host;
    }
    // Python's exit code after an exception.
    if (!p.end_is_known) p.exit_code = 1;
    p.has_exit_code = p.signal == 0;
  }

  const LogContents& contents_;
  const RankFinder& finder_;
  const std::function<int64_t(int64_t)>& on_axis_;
  const EndsFromLogs ends_;
  store::Store& store_;
  std::map<int32_t, int32_t> dense_;  // global rank -> index
  std::set<std::pair<int32_t, TroubleKind>> remarked_;
  bool has_first_ = false, anybody_ended_ = false;
  int64_t begin_ = INT64_MAX;                         // of the job, where the logs tell times
  std::map<int32_t, const LoggedTrouble*> given_up_;  // because of others; by dense rank
  TroubleAccount account_;
};

}  // namespace

TroubleAccount AddTroubles(const LogContents& contents, const RankFinder& finder,
                           const std::function<int64_t(int64_t)>& on_axis, EndsFromLogs ends,
                           store::Store& store) {
  return TroubleAdder(contents, finder, on_axis, ends, store).Add();
}

}  // namespace rankle::import
