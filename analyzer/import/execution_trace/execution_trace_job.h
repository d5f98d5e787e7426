// Puts the execution traces of one job together into a Store: one file a rank.
//
// What they do not hold: what was unfinished, how the job ended, hosts; mostly no times either. They tell
// what each rank called, in which order: do the ranks agree?
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "analyzer/import/rank_traces/rank_trace.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Fills an empty store and finishes it. Notes and counts already in store.quality stay. Error: no call of a
// process group in any trace.
absl::Status BuildExecutionStore(std::vector<RankTrace> traces, store::Store& store);

}  // namespace rankle::import
