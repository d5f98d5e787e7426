// From the files that were read to the traces of one job, one a rank: what is damaged, empty or of another
// job is named, and who is which rank is decided. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/import/rank_traces/rank_trace.h"
#include "analyzer/store/store.h"

namespace rankle::import {

struct JobTraces {
  std::vector<RankTrace> traces;  // by rank, which all have; each has operations
  int32_t world_size = 0;
  bool guessed = false;  // some ranks follow from nothing but the order of the files
};

// `traces` hold at least one operation, which people call `operation` ("kernel of NCCL"). Counts and notes go
// to `quality`.
JobTraces TakeJob(std::vector<RankTrace> traces, const char* operation, store::DataQuality& quality);

}  // namespace rankle::import
