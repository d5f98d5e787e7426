// Which of the operations that ranks recorded are the same one. Recordings begin and end where each rank's
// recorder did, so that the n-th collective of one file need not be the n-th of another. Pure.
//
// Of completed operations, in order of what it proves: identities that the profiler wrote ("Comms Id",
// "Seq"), and ends at the same time, as nobody leaves a collective long before the others, both where the
// calls do not agree better in plain order; equal numbers, in order, unless the rhythm of the ends says
// otherwise; the rhythm alone; the sizes of the calls. Where none of them is certain, nothing is told: a
// wrong match accuses whoever seems to be late. Calls without times are compared with each other, so none is
// left out: trace_windows.h says where each rank's begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/import/rank_traces/shared_operation.h"

namespace rankle::import {

struct SharedOrder {
  bool told = true;
  // By rank and operation: its number, from 1; the same operation has the same number. 0 = left out: outside
  // of what all ranks recorded, or without its like on the rank that recorded most.
  std::vector<std::vector<uint32_t>> number;
  size_t left_out = 0;
  bool shifted = false;  // calls without times: those of some rank begin later than those of others
};

// Operations of each rank in order. Clocks of ranks may differ. An operation without an end makes all of them
// calls without times.
SharedOrder FindSharedOrder(const std::vector<std::vector<SharedOperation>>& ranks);

}  // namespace rankle::import
