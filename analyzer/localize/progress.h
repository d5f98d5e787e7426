// Which operations are really unfinished, and how far every rank came. Recorded states lag behind: completion
// is polled by the process itself, and a process that was stopped or ended can no longer poll. Pure; reads a
// finished Store.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

struct HangSettings {
  int64_t min_wait_ns = 2'000'000'000;  // shorter waits are never called a hang
  double periods = 10;                  // nor are waits below this many usual intervals of the communicator
  // The same where `rankle run` saw that nothing at all moves in any process, for longer than it ever did
  // (cli/launch/hang_detector.h): what is left to ordinary waiting then is one interval and its scatter.
  double periods_at_standstill = 2;
};

class Progress {
 public:
  explicit Progress(const store::Store& store);

  bool IsFinished(uint32_t operation) const { return finished_[operation] != 0; }
  // Unfinished operations a rank can be waiting in: the first of each stream, and what is grouped with it.
  const std::vector<uint32_t>& Heads(int32_t rank) const { return heads_[rank]; }
  bool IsHead(uint32_t operation) const { return is_head_[operation] != 0; }
  // Usual time between two collectives of a communicator; 0 = not known.
  int64_t UsualInterval(int32_t communicator) const { return intervals_[communicator]; }
  // The collective `seq` of a member: an operation index, kNotEntered, or kForgotten (entered, but its record
  // is gone, so long finished).
  static constexpr int64_t kNotEntered = -1, kForgotten = -2;
  int64_t FindCollective(const store::Member& member, uint32_t seq) const;
  // When the rank was last able to wait: the end of its process or of the observation.
  int64_t WatchedUntil(int32_t rank) const;

 private:
  void TakeRecordedStates();
  void InferFromStreamOrder();
  void ResolveUntracked();
  void ForgiveThoseWhoCannotPoll();
  void FindHeads();
  void MeasureIntervals();

  const store::Store& store_;
  std::vector<uint8_t> finished_, is_head_;
  std::vector<std::vector<uint32_t>> heads_;
  std::vector<int64_t> intervals_;
};

// A process in this state takes no further part: nothing that it last reported as unfinished can be trusted.
bool IsInert(store::ProcessState state);

}  // namespace rankle::localize
