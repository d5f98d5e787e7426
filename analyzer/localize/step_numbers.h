// The training step that each operation belongs to: that of the step marks (profiles: ProfilerStep), else
// counted in periods of the collectives of the rank's largest communicator. Pure; reads a finished Store.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

struct StepNumbers {
  std::vector<int64_t> of;  // by operation; -1 = in no step
  bool marked = false;      // steps are those that the program marked
};

// Ranks that share a communicator count alike, also where the beginning of a record is lost: what counts are
// sequence numbers. The operations of a counted step end with a collective of that communicator. Where some
// ranks mark their steps, operations of those that do not are in none.
StepNumbers FindStepNumbers(const store::Store& store);

}  // namespace rankle::localize
