// Who waits for whom, over the operations, creations and teardowns of all communicators, and where each chain
// of waiting ends. Ranks and waits form a bipartite graph, so that a communicator of n ranks costs n edges,
// not n * n. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analyzer/localize/progress.h"
#include "analyzer/store/store.h"

namespace rankle::localize {

enum class WaitKind { kCollective, kP2p, kInit, kTeardown };

// One thing that ranks wait in.
struct Wait {
  WaitKind kind = WaitKind::kCollective;
  int32_t communicator = store::kNone;
  uint32_t seq = 0;
  int64_t operation = -1;        // one of the waiting operations, for its name; -1 for init and teardown
  std::vector<int32_t> waiters;  // ranks inside
  std::vector<int32_t> holders;  // ranks that have to come (or to come free) first
  std::vector<int32_t> missing_holders;  // global ranks without a record that have to come first
  int unknown_holders = 0;               // places of the communicator that nobody is known to fill
  int64_t last_arrival = 0;
  int64_t waited_ns = 0, threshold_ns = 0;
  bool IsStalled() const { return waited_ns >= threshold_ns; }
};

std::vector<Wait> FindWaits(const store::Store& store, const Progress& progress,
                            const HangSettings& settings);

enum class StallKind {
  kNotEntered,    // the culprits never came
  kNotStarted,    // the culprits came, but their device never reached the operation
  kInCollective,  // everybody is inside
  kDeadlock,      // the culprits wait for each other
  kInit,          // the culprits never came to the creation of the communicator
  kExit,          // the culprits never came to, or never left, the teardown
  kLeft,          // the culprits ended (with success) while others still waited for them
  kShort,         // the culprits tore the communicator down (or left properly) one operation too early
  kExtra,         // the culprits wait in an operation that most others never issue: those have gone past it
  kNotCompleted,  // the culprits' devices do not complete what others have completed (left_behind.h)
  kNoRecord,      // those who must come have no record, so nothing can be said about them
};
const char* StallKindName(StallKind kind);

// Where waiting ends.
struct Stall {
  StallKind kind = StallKind::kNotEntered;
  Wait wait;                      // the wait that is held up directly
  std::vector<int32_t> culprits;  // ranks (indices into Store::ranks)
  std::vector<int32_t> suspects;  // kNoRecord: whom the records that are there point at (unseen.h)
  std::vector<int32_t> victims;   // ranks that wait for them, directly or not
  int groups = 1;                 // kNotCompleted: communicators that show it, at least
  std::vector<std::string> evidence;
  std::vector<std::pair<int32_t, int32_t>> links;  // kInCollective: where the transfer stands still (ranks)
};

std::vector<Stall> FindStalls(const store::Store& store, const Progress& progress,
                              const std::vector<Wait>& waits);

// Ranks that do not come to their end although others ended well long ago and nobody waits in a communicator.
std::vector<Stall> FindLingeringRanks(const store::Store& store, const HangSettings& settings);

}  // namespace rankle::localize
