// Which of the operations that ranks profiled are the same one. Profiles begin and end where each rank's
// profiler did, so that the n-th collective of one file need not be the n-th of another. Pure.
//
// In order of what it proves: identities that the profiler wrote ("Comms Id", "Seq"); ends at the same time,
// as nobody leaves a collective long before the others; equal numbers, in order, unless the rhythm of the
// ends says otherwise; the rhythm alone. Where none of them is certain, nothing is told: a wrong match
// accuses whoever seems to be late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankle::import {

// An operation as one rank profiled it.
struct SharedOperation {
  uint16_t function = 0;
  uint64_t id = 0;  // the same on all ranks that take part in it; 0 = not told
  int64_t end_ns = 0;
};

struct SharedOrder {
  bool told = true;
  // By rank and operation: its number, from 1; the same operation has the same number. 0 = left out: outside
  // of what all ranks profiled, or without its like on the rank that profiled most.
  std::vector<std::vector<uint32_t>> number;
  size_t left_out = 0;
};

// Operations of each rank in order. Clocks of ranks may differ.
SharedOrder FindSharedOrder(const std::vector<std::vector<SharedOperation>>& ranks);

// The ends of a collective on its ranks differ by microseconds; clocks that are apart by more are wrong.
inline constexpr int64_t kClocksDifferNs = 200'000;

}  // namespace rankle::import
