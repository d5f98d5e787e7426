#include "cli/launch/hang_detector.h"

#include <algorithm>

namespace rankle::cli {

bool HangDetector::NoteProgress(const JobSnapshot& snapshot) {
  bool progress = last_progress_ns_ == 0;
  for (const ProcessProgress& process : snapshot.processes) {
    const auto [it, inserted] = seen_.try_emplace(process.pid);
    Seen& seen = it->second;
    progress |= inserted || seen.signature != process.signature || seen.alive != process.alive;
    seen = {.signature = process.signature, .alive = process.alive};
  }
  return progress;
}

uint64_t HangDetector::Patience() const {
  constexpr uint64_t kLeastNs = 2'000'000'000;
  constexpr uint32_t kPausesToKnowTheRhythm = 3;
  if (!adaptive_ || pauses_ < kPausesToKnowTheRhythm) return hang_after_ns_;
  return std::min(hang_after_ns_, std::max(kLeastNs, 10 * longest_pause_ns_));
}

HangDetector::Change HangDetector::Observe(const JobSnapshot& snapshot) {
  if (NoteProgress(snapshot)) {
    const bool resumed = reported_;
    if (last_progress_ns_ != 0 && !resumed) {
      longest_pause_ns_ = std::max(longest_pause_ns_, snapshot.now_ns - last_progress_ns_);
      ++pauses_;
    }
    last_progress_ns_ = snapshot.now_ns;
    reported_ = false;
    return resumed ? Change::kResumed : Change::kNone;
  }
  const uint64_t patience_ns = Patience();
  if (reported_ || snapshot.now_ns - last_progress_ns_ < patience_ns) return Change::kNone;
  const auto long_ago = [&](uint64_t since_ns) {
    return since_ns != 0 && since_ns <= snapshot.now_ns && snapshot.now_ns - since_ns >= patience_ns;
  };
  bool stalled = snapshot.any_running && long_ago(snapshot.first_failure_ns);
  for (const ProcessProgress& process : snapshot.processes) {
    stalled |= process.alive && (long_ago(process.oldest_in_flight_ns) ||
                                 (process.in_communicator && long_ago(snapshot.first_end_ns)));
  }
  reported_ = stalled;
  return stalled ? Change::kStalled : Change::kNone;
}

}  // namespace rankle::cli
