// Puts the traces of one job together into a Store: one trace a rank, whatever their format. The steps lie
// beside it: which files are the job, and who is which rank (take_job.h); which ranks form a group
// (trace_groups.h); which operation has which number (operation_order.h); whose clock is ahead
// (trace_clocks.h). Where groups are not told, all ranks are taken for one.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "analyzer/import/rank_traces/rank_trace.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// What a format can and cannot tell.
struct TraceSource {
  const char* name = "";       // Store::source
  double certainty = 1;        // the most that it can prove
  bool runs_on_device = true;  // operations have run, and have the times of the device; else they are calls
  const char* operation = "";  // what one operation is, for people: "kernel of NCCL"
  const char* not_seen = "";   // a note for the report
  const char* no_operations = "";  // what is wrong, and what to do, where no trace holds an operation
};

// Fills an empty store and finishes it. Notes and counts already in store.quality stay. Error: no operation,
// or nothing tells which of them belong together.
absl::Status AssembleJob(std::vector<RankTrace> traces, const TraceSource& source, store::Store& store);

}  // namespace rankle::import
