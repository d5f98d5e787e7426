#include "cli/launch/hang_detector.h"

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

bool HangDetector::Observe(const JobSnapshot& snapshot) {
  if (NoteProgress(snapshot)) {
    last_progress_ns_ = snapshot.now_ns;
    reported_ = false;
    return false;
  }
  if (reported_ || snapshot.now_ns - last_progress_ns_ < hang_after_ns_) return false;
  const auto long_ago = [&](uint64_t since_ns) {
    return since_ns != 0 && since_ns <= snapshot.now_ns && snapshot.now_ns - since_ns >= hang_after_ns_;
  };
  bool stalled = snapshot.any_running && long_ago(snapshot.first_failure_ns);
  for (const ProcessProgress& process : snapshot.processes) {
    stalled |= process.alive && long_ago(process.oldest_in_flight_ns);
  }
  reported_ = stalled;
  return stalled;
}

}  // namespace rankle::cli
