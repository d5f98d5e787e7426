// The iterations of a job: how long each took, and what was done in it. Their boundaries are step marks;
// where a program sets none, the period of its collectives. Pure; reads a finished Store.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

struct Iteration {
  int64_t number = 0;  // step, or count of periods
  int64_t begin = 0, length_ns = 0;
  int64_t communication_ns = 0;  // time inside operations on the rank that waits least for others
  double elements = 0;           // sent and received on one rank: how much work, as far as it shows
};

// Ranks that wait for each other, directly or not, have one pace. Iterations of another kind (evaluation,
// accumulation without a reduction: other collectives are called) are a series of their own.
struct IterationSeries {
  std::vector<int32_t> ranks;  // indices into Store::ranks
  bool by_steps = false;
  uint64_t kind = 0;  // which collectives an iteration calls; the same in every reading of the job
  std::vector<Iteration> iterations;  // in order; without the first of the job (warm-up), the last (may be
                                      // cut off) and those whose end is not on record
};

std::vector<IterationSeries> FindIterations(const store::Store& store);

}  // namespace rankle::localize
