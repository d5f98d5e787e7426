// Puts the profiler traces of one job together into a Store: one file a rank.
//
// What they do not hold: operations that had not finished (the profiler writes completed kernels only), how
// the job ended, hosts. Where groups are not told (traces of 2023), all ranks are taken for one.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "analyzer/import/rank_traces/rank_trace.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Fills an empty store and finishes it. Notes and counts already in store.quality stay. An error when no
// trace holds a kernel of NCCL.
absl::Status BuildStore(std::vector<RankTrace> traces, store::Store& store);

}  // namespace rankle::import
