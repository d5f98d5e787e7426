// Device memory of each rank over its iterations: does it grow, and does the rank hold more than those that
// do the same? Looked at is what a rank holds throughout an iteration (the least in use in it): what is
// allocated and freed within one says nothing. Pure; reads a finished Store.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/localize/trend.h"
#include "analyzer/store/store.h"

namespace rankle::localize {

struct MemoryUse {
  int32_t rank = store::kNone;  // index into Store::ranks
  bool by_steps = false;        // samples are steps; else equal slices of time
  int iterations = 0;           // watched, after the warm-up; slices when there are no steps
  int64_t since = 0;            // end of the warm-up
  int64_t first_bytes = 0, last_bytes = 0, peak_bytes = 0;
  int64_t usual_bytes = 0;   // median over the iterations
  int64_t growth_bytes = 0;  // by the trend, over the iterations watched
  Trend trend;
  int peers = 0;                   // ranks of the same role with memory on record
  int64_t peers_usual_bytes = 0;   // median of theirs
  int64_t peers_growth_bytes = 0;  // likewise
};

// One row for each rank with memory on record, except ranks that share a process: there the records do not
// tell whose device it is.
std::vector<MemoryUse> FindMemoryUse(const store::Store& store);

}  // namespace rankle::localize
