// Own time: what a rank spends outside communication, from the end of one operation to the beginning of the
// next, for each iteration. Waiting for others happens inside operations and never counts. Pure; reads a
// finished Store.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

struct OwnIteration {
  int64_t number = 0;  // step, or sequence number in the rank's largest communicator
  int64_t own = 0;     // ns
  int64_t begin = 0, end = 0;
};

// Ranks that play the same role (role.h), so that their own times can be compared with each other.
struct OwnTimes {
  std::vector<int32_t> ranks;  // indices into Store::ranks
  bool by_steps = false;       // iterations are marked steps, else what the collectives repeat themselves by
  std::vector<int64_t> iterations;  // numbers of those that every one of the ranks has; may be none
  std::vector<std::vector<OwnIteration>> series;  // [place in `ranks`][place in `iterations`]
};

// One entry a role that at least `min_ranks` ranks play. The first iteration (warm-up) and the last (may be
// incomplete) are left out.
std::vector<OwnTimes> MeasureOwnTimes(const store::Store& store, size_t min_ranks);

}  // namespace rankle::localize
