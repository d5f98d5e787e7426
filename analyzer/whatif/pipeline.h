// What waits for what in an iteration with data and pipeline parallelism. Pure.
//
// Each worker computes its micro-batches in the order in which the trace shows them, whatever the schedule
// (1F1B, interleaved with several model chunks). Between stages, the k-th send meets the k-th receive. After
// the last micro-batch comes the end of the step: gradients are reduced, clipped, applied. A step in which
// operations are missing cannot be replayed and is left out, with a note.
#pragma once

#include "absl/status/statusor.h"
#include "analyzer/whatif/operation_trace.h"

namespace rankle::whatif {

absl::StatusOr<Model> PipelineModel(const OperationTrace& trace);

}  // namespace rankle::whatif
