#include "cli/launch/hang_detector.h"

#include <algorithm>

namespace rankle::cli {
namespace {

// Between two samples (0.2 s apart): more than what logging and keeping connections alive come to, and less
// than any checkpoint or data set that takes seconds.
constexpr uint64_t kFileWorkBytes = 256 << 10;

}  // namespace

HangDetector::Moved HangDetector::NoteMoves(const JobSnapshot& snapshot) {
  const bool is_first = last_progress_ns_ == 0;
  Moved moved{.progress = is_first, .anything = is_first};
  for (const ProcessProgress& process : snapshot.processes) {
    const auto [it, inserted] = seen_.try_emplace(process.pid);
    Seen& seen = it->second;
    moved.progress |= inserted || seen.signature != process.signature || seen.alive != process.alive;
    moved.anything |= moved.progress || seen.activity != process.activity;
    moved.files |= seen.file_bytes != 0 && process.file_bytes >= seen.file_bytes + kFileWorkBytes;
    seen = {.signature = process.signature,
            .activity = process.activity,
            .file_bytes = std::max(seen.file_bytes, process.file_bytes),
            .alive = process.alive};
  }
  return moved;
}

uint64_t HangDetector::Patience() const {
  constexpr uint64_t kLeastNs = 2'000'000'000;
  if (!limits_.adaptive || pause_count_ < kPauses) return limits_.hang_after_ns;
  // A pause that was once taken for a stall and was none may come again, and be a little longer.
  const uint64_t longest = *std::max_element(pauses_.begin(), pauses_.end());
  return std::min(limits_.hang_after_ns,
                  std::max({kLeastNs, 3 * longest, longest_stall_ns_ + longest_stall_ns_ / 2}));
}

void HangDetector::NotePause(uint64_t pause_ns, bool was_stall) {
  if (was_stall) {
    longest_stall_ns_ = std::max(longest_stall_ns_, pause_ns);
  } else {
    pauses_[pause_count_++ % kPauses] = pause_ns;
  }
}

bool HangDetector::IsWaiting(const JobSnapshot& snapshot) const {
  const uint64_t patience_ns = Patience();
  const auto long_ago = [&](uint64_t since_ns) {
    return since_ns != 0 && since_ns <= snapshot.now_ns && snapshot.now_ns - since_ns >= patience_ns;
  };
  if (!long_ago(last_progress_ns_)) return false;
  // Somebody writes a checkpoint or reads data while the others wait; not for ever.
  const bool files_excuse = limits_.adaptive && last_file_work_ns_ != 0 && !long_ago(last_file_work_ns_) &&
                            snapshot.now_ns - last_progress_ns_ < limits_.hang_after_ns;
  if (files_excuse) return false;
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
  if (moved.files) last_file_work_ns_ = snapshot.now_ns;
  if (moved.progress || (moved.anything && reported_ == Stall::kIdle)) {
    const bool resumed = reported_ != Stall::kNone;
    if (last_progress_ns_ != 0) NotePause(snapshot.now_ns - last_progress_ns_, resumed);
    last_progress_ns_ = snapshot.now_ns;
    reported_ = Stall::kNone;
    return resumed ? Change::kResumed : Change::kNone;
  }
  if (reported_ != Stall::kNone) return Change::kNone;
  reported_ = IsWaiting(snapshot) ? Stall::kWaiting : IsIdle(snapshot) ? Stall::kIdle : Stall::kNone;
  return reported_ == Stall::kNone ? Change::kNone : Change::kStalled;
}

}  // namespace rankle::cli
