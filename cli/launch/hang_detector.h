// Decides when a job has stalled, from snapshots of what its processes have done. Pure: the time comes with
// the snapshot.
//
// A job is called stalled when for `hang_after` nothing moved in any of its processes and either
//  - an operation or a blocking call has been in flight that long in a process that still lives, or
//  - a process that rankle started failed that long ago and others still run (they wait for it outside of
//  NCCL, say in a
//    rendezvous, where nothing is recorded), or
//  - a process ended that long ago, however well, and another is still a member of a communicator (stuck in
//  its teardown).
// A job that only computes, with nothing in flight, is never called stalled. Each stall is reported once.
#pragma once

#include <cstdint>
#include <span>

#include "absl/container/flat_hash_map.h"

namespace rankle::cli {

struct ProcessProgress {
  int pid = 0;
  bool alive = true;
  uint64_t signature = 0;            // changes whenever an operation or life-cycle step begins or ends
  bool in_communicator = false;      // it has one that is not destroyed
  uint64_t oldest_in_flight_ns = 0;  // entry time of the oldest unfinished operation or call; 0 = none
};

struct JobSnapshot {
  uint64_t now_ns = 0;
  std::span<const ProcessProgress> processes;
  uint64_t first_end_ns = 0;      // a started process ended; 0 = none
  uint64_t first_failure_ns = 0;  // a started process ended with an error; 0 = none
  bool any_running = true;        // a started process still runs
};

class HangDetector {
 public:
  enum class Change { kNone, kStalled, kResumed };

  // `adaptive`: once the job's usual rhythm is known, ten times its longest pause (at least 2 s, at most
  // `hang_after_ns`) is enough.
  explicit HangDetector(uint64_t hang_after_ns, bool adaptive = false)
      : hang_after_ns_(hang_after_ns), adaptive_(adaptive) {}
  // What this snapshot changes.
  Change Observe(const JobSnapshot& snapshot);
  // How long without progress is too long, as far as is known now.
  uint64_t Patience() const;

 private:
  bool NoteProgress(const JobSnapshot& snapshot);

  uint64_t hang_after_ns_;
  bool adaptive_;
  uint64_t longest_pause_ns_ = 0;  // between two snapshots with progress
  uint32_t pauses_ = 0;
  uint64_t last_progress_ns_ = 0;
  bool reported_ = false;
  struct Seen {
    uint64_t signature = 0;
    bool alive = true;
  };
  absl::flat_hash_map<int, Seen> seen_;
};

}  // namespace rankle::cli
