// Operation timelines of the what-if study: Chrome trace events, a bare list or under "traceEvents". pid is
// the dp rank, tid is rank * 5 + lane, thread_name "PP rank 1, TP rank 0, compute", args the step,
// model_chunk and seq_id. Communication is shown from when all have come. Bad events are counted, not fatal.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "analyzer/whatif/operation_trace.h"

namespace rankle::import {

// `tp` = tensor-parallel ranks in each stage, for timelines without thread names; 0 = not told.
absl::StatusOr<whatif::OperationTrace> ReadTimeline(const std::string& json, int32_t tp = 0);

}  // namespace rankle::import
