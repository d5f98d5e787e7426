// Puts the traces of one job together into a Store: one trace a rank. What is common to all formats of that
// kind is here: who is which rank, which ranks form a group, whose clock is ahead, which operation has which
// number. Where groups are not told, all ranks are taken for one.
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
  bool numbers_calls = false;  // RankOperation::sequence tells where the windows of ranks begin
  const char* not_seen = "";   // a note for the report
  const char* no_operations = "";  // what is wrong, and what to do, where no trace holds an operation
};

// Fills an empty store and finishes it. Notes and counts already in store.quality stay. Error: no operation.
absl::Status AssembleJob(std::vector<RankTrace> traces, const TraceSource& source, store::Store& store);

}  // namespace rankle::import
