// Ranks whose device does not complete what others have completed. An operation in which every rank needs
// every other one cannot end anywhere before all have taken part, so a rank that has not ended it is held up
// by its own device, or by what reports the device's work, and by nobody else. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/localize/progress.h"
#include "analyzer/store/store.h"

namespace rankle::localize {

struct LeftBehind {
  int groups = 0;          // communicators in which the rank is behind; 0 = it is not
  uint32_t operation = 0;  // its first unfinished operation in the largest of them
  int32_t communicator = store::kNone;
  std::vector<int32_t> ahead;  // ranks that have finished that operation
};

// By rank. Empty where completion is polled by the process itself (streams are known: rankle's own records):
// there a victim may lag behind just as well.
std::vector<LeftBehind> FindLeftBehind(const store::Store& store, const Progress& progress);

}  // namespace rankle::localize
