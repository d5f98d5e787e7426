#include "analyzer/import/execution_trace/execution_trace_job.h"

#include <algorithm>
#include <utility>

#include "analyzer/import/rank_traces/assemble_job.h"

namespace rankle::import {
namespace {

constexpr const char* kNoOperations =
    "no communication in the execution traces (neither record_param_comms nor COMM nodes): record while the "
    "job trains, with distributed initialised";

// Calls of PyTorch with the numbers of their groups.
constexpr TraceSource kCalls = {
    .name = "execution-trace",
    .certainty = 0.8,  // the calls are exact, the windows of the ranks need not be the same
    .runs_on_device = false,
    .operation = "call",
    .not_seen =
        "execution traces only: they tell what each rank called, in order, and neither when, nor what was "
        "unfinished, nor how the job ended",
    .no_operations = kNoOperations,
};
// Chakra's nodes have no numbers: only their order says which belong together.
constexpr TraceSource kNodes = {
    .name = "execution-trace",
    .certainty = 0.5,
    .runs_on_device = false,
    .operation = "call",
    .not_seen =
        "execution traces only: they tell what each rank called, in order, and neither when, nor what was "
        "unfinished, nor how the job ended; calls are not numbered: which belong together was judged by "
        "their "
        "order alone",
    .no_operations = kNoOperations,
};
constexpr TraceSource kTimedNodes = {
    .name = "execution-trace",
    .certainty = 0.8,
    .operation = "operation",
    .not_seen =
        "execution traces only: completed operations within the recorded window, neither what was "
        "unfinished nor how the job ended",
    .no_operations = kNoOperations,
};

}  // namespace

absl::Status BuildExecutionStore(std::vector<RankTrace> traces, store::Store& store) {
  bool numbered = true, timed = true;
  for (const RankTrace& trace : traces) {
    for (const RankOperation& o : trace.operations) {
      numbered = numbered && o.sequence >= 0;
      timed = timed && o.started_ns != kNotTold;
    }
  }
  return AssembleJob(std::move(traces), timed ? kTimedNodes : numbered ? kCalls : kNodes, store);
}

}  // namespace rankle::import
