// Traces begin when somebody starts the recorder, which need not be at the same operation on all ranks. Then
// the n-th collective of one trace is not the n-th of another. Two things can tell: frameworks number the
// collectives of a group, and a collective ends everywhere at the same time. But ranks may number differently
// (by other operations of the group), and clocks differ, so either is believed only where the calls fit
// better with it than in plain order. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace rankle::import {

struct CallInWindow {
  int64_t sequence = -1;  // as the framework numbered it, -1 = not told
  uint16_t api = 0;
  uint64_t count = 0;
  int64_t finished_ns = 0;  // 0 = not told
};
using WindowOfCalls = std::vector<CallInWindow>;  // collectives of one group in one trace

// How many collectives of the group lie before the first one of each trace and after that of the trace that
// begins first; 0 for traces without calls.
std::vector<uint32_t> WindowBegins(const std::vector<WindowOfCalls>& traces);

}  // namespace rankle::import
