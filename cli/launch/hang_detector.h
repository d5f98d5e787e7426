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
//
// And when, for `idle_after`, nothing at all was recorded: no operation, no call, no completion, no start or
// end of a process, in a job of which a process that still lives has called NCCL or CUDA before. All ranks
// may be stuck outside of any call (a lock, a store, a data loader), where nothing is in flight. From outside
// this looks like a long phase without calls on all ranks (a checkpoint, an evaluation on the CPU), so the
// patience is longer: kIdlePatience times `hang_after`, or `hang_after` itself where the user chose it and so
// said how long such a phase may be. A job that has not called NCCL or CUDA yet (imports, a shell script) is
// never called stalled by this rule.
//
// Each stall is reported once.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "absl/container/flat_hash_map.h"

namespace rankle::cli {

struct ProcessProgress {
  int pid = 0;
  bool alive = true;
  uint64_t signature = 0;            // changes whenever an operation or life-cycle step begins or ends
  uint64_t activity = 0;             // changes whenever anything is recorded, the end of a call included
  bool in_communicator = false;      // it has one that is not destroyed
  uint64_t oldest_in_flight_ns = 0;  // entry time of the oldest unfinished operation or call; 0 = none
  uint64_t file_bytes = 0;           // read and written through system calls so far
};

struct JobSnapshot {
  uint64_t now_ns = 0;
  std::span<const ProcessProgress> processes;
  uint64_t first_end_ns = 0;      // a started process ended; 0 = none
  uint64_t first_failure_ns = 0;  // a started process ended with an error; 0 = none
  uint64_t last_end_ns = 0;       // the latest end of a started process; 0 = none
  bool any_running = true;        // a started process still runs
};

// With the default of 30 s: five minutes, about the longest that a checkpoint of a large model keeps all
// ranks.
inline constexpr uint64_t kIdlePatience = 10;

struct HangPatience {
  uint64_t hang_after_ns = 30'000'000'000;
  uint64_t idle_after_ns = kIdlePatience * 30'000'000'000;
  // Once the job's usual rhythm is known, three times its longest recent pause (at least 2 s, at most
  // `hang_after_ns`) is enough where something is in flight and nobody reads or writes files. The wait for
  // one communicator is called after ten periods (analyzer/localize/progress.h); here nothing moves in any
  // process, which three pauses make as sure, and a job of 1 s steps is called within 5 s.
  bool adaptive = false;
};

class HangDetector {
 public:
  enum class Change { kNone, kStalled, kResumed };

  explicit HangDetector(const HangPatience& patience) : limits_(patience) {}
  // What this snapshot changes.
  Change Observe(const JobSnapshot& snapshot);
  // When something last moved; 0 before the first snapshot.
  uint64_t last_progress_ns() const { return last_progress_ns_; }

 private:
  enum class Stall { kNone, kWaiting, kIdle };
  struct Moved {
    bool progress = false;  // an operation, a life-cycle step, a process
    bool anything = false;
    bool files = false;
  };
  Moved NoteMoves(const JobSnapshot& snapshot);
  uint64_t Patience() const;  // where something is in flight, as far as is known now
  bool IsWaiting(const JobSnapshot& snapshot) const;
  bool IsIdle(const JobSnapshot& snapshot) const;

  HangPatience limits_;
  // The latest pauses between two snapshots with progress. Fewer are no rhythm yet: a start comes in bursts
  // (imports, communicators, compilation), none of them as long as 16 samples, and is forgotten soon.
  static constexpr uint32_t kPauses = 16;
  std::array<uint64_t, kPauses> pauses_{};
  uint32_t pause_count_ = 0;
  uint64_t longest_stall_ns_ = 0;   // that the job got over
  uint64_t last_file_work_ns_ = 0;  // some process read or wrote files
  uint64_t last_progress_ns_ = 0;
  uint64_t last_activity_ns_ = 0;
  Stall reported_ = Stall::kNone;
  struct Seen {
    uint64_t signature = 0;
    uint64_t activity = 0;
    uint64_t file_bytes = 0;
    bool alive = true;
  };
  void NotePause(uint64_t pause_ns, bool was_stall);
  absl::flat_hash_map<int, Seen> seen_;
};

}  // namespace rankle::cli
