// An operation of one rank, as far as it tells which operation of another rank is the same one.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/import/rank_traces/rank_trace.h"

namespace rankle::import {

struct SharedOperation {
  uint16_t function = 0;
  uint64_t id = 0;  // the same on all ranks that take part in it, growing within a rank; 0 = not told
  int64_t end_ns = kNotTold;
  uint64_t count = 0;  // of elements; 0 = not told, or ranks may differ in it
};

// Do both call the same?
inline bool SameCall(const SharedOperation& a, const SharedOperation& b) {
  return a.function == b.function && a.count == b.count;
}

}  // namespace rankle::import
