// Traces begin when somebody starts the recorder, which need not be at the same operation on all ranks. Then
// the n-th collective of one trace is not the n-th of another. Frameworks number the collectives of a group,
// but ranks may number differently (by other operations of the group), so the numbers are believed only where
// the calls fit better with them than without. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace rankle::import {

struct CallInWindow {
  int64_t sequence = -1;  // as the framework numbered it, -1 = not told
  uint16_t api = 0;
  uint64_t count = 0;
};
using WindowOfCalls = std::vector<CallInWindow>;  // collectives of one group in one trace

// How many collectives of the group lie before the first one of each trace and after that of the trace that
// begins first; 0 for traces without calls.
std::vector<uint32_t> WindowBegins(const std::vector<WindowOfCalls>& traces);

}  // namespace rankle::import
