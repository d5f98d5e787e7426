#include "cli/launch/hang_detector.h"

#include <algorithm>

namespace rankle::cli {

HangDetector::Moved HangDetector::NoteMoves(const JobSnapshot& snapshot) {
  const bool is_first = last_progress_ns_ == 0;
  Moved moved{.progress = is_first, .anything = is_first};
  for (const ProcessProgress& process : snapshot.processes) {
    const auto [it, inserted] = seen_.try_emplace(process.pid);
    Seen& seen = it->second;
    moved.progress |= inserted || seen.signature != process.signature || seen.alive != process.alive;
    moved.anything |= moved.progress || seen.activity != process.activity;
    seen = {.signature = process.signature, .activity = process.activity, .alive = process.alive};
  }
  return moved;
}

uint64_t HangDetector::Patience() const {
  constexpr uint64_t kLeastNs = 2'000'000'000;
  constexpr uint32_t kPausesToKnowTheRhythm = 3;
  if (!limits_.adaptive || pauses_ < kPausesToKnowTheRhythm) return limits_.hang_after_ns;
  return std::min(limits_.hang_after_ns, std::max(kLeastNs, 10 * longest_pause_ns_));
}

bool HangDetector::IsWaiting(const JobSnapshot& snapshot) const {
  const uint64_t patience_ns = Patience();
  const auto long_ago = [&](uint64_t since_ns) {
    return since_ns != 0 && since_ns <= snapshot.now_ns && snapshot.now_ns - since_ns >= patience_ns;
  };
  if (!long_ago(last_progress_ns_)) return false;
  if (snapshot.any_running && long_ago(snapshot.first_failure_ns)) return true;
  return std::any_of(snapshot.processes.begin(), snapshot.processes.end(),
                     [&](const ProcessProgress& process) {
                       return process.alive && (long_ago(process.oldest_in_flight_ns) ||
                                                (process.in_communicator && long_ago(snapshot.first_end_ns)));
                     });
}

// A process has a record from its first call on.
bool HangDetector::IsIdle(const JobSnapshot& snapshot) const {
  const uint64_t since_ns = std::max({last_progress_ns_, last_activity_ns_, snapshot.last_end_ns});
  return snapshot.now_ns >= since_ns + limits_.idle_after_ns &&
         std::any_of(snapshot.processes.begin(), snapshot.processes.end(),
                     [](const ProcessProgress& process) { return process.alive; });
}

HangDetector::Change HangDetector::Observe(const JobSnapshot& snapshot) {
  const Moved moved = NoteMoves(snapshot);
  if (moved.anything) last_activity_ns_ = snapshot.now_ns;
  if (moved.progress || (moved.anything && reported_ == Stall::kIdle)) {
    const bool resumed = reported_ != Stall::kNone;
    if (last_progress_ns_ != 0 && !resumed) {
      longest_pause_ns_ = std::max(longest_pause_ns_, snapshot.now_ns - last_progress_ns_);
      ++pauses_;
    }
    last_progress_ns_ = snapshot.now_ns;
    reported_ = Stall::kNone;
    return resumed ? Change::kResumed : Change::kNone;
  }
  if (reported_ != Stall::kNone) return Change::kNone;
  reported_ = IsWaiting(snapshot) ? Stall::kWaiting : IsIdle(snapshot) ? Stall::kIdle : Stall::kNone;
  return reported_ == Stall::kNone ? Change::kNone : Change::kStalled;
}

}  // namespace rankle::cli
