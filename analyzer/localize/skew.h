// Who came first and last to each collective, and how far apart? Only what the records say of each operation
// by itself; whose own time it was is arrival.h's question. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

struct Skew {
  int32_t communicator = store::kNone;
  uint32_t seq = 0;
  uint16_t api = 0;
  int ranks = 0;                                                // with a record of it
  int32_t first_rank = store::kNone, last_rank = store::kNone;  // indices into Store::ranks
  int64_t first = 0, last = 0;  // arrivals: start on the device where it is known, else entry of the call
  int64_t EndsApart() const { return last_end - first_end; }
  int64_t first_end = 0, last_end = 0;  // 0: not known of any rank
};

// Of collectives with records of two ranks or more, in order of the first arrival.
std::vector<Skew> FindSkews(const store::Store& store);

}  // namespace rankle::localize
