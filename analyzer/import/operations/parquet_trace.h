// Operation traces of the what-if study in Parquet: one row an operation, columns dp_rank, stage, rank, step,
// optype, start_ts and duration (seconds), and where they exist seq_id, mc (model chunk), tp_rank.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "analyzer/import/parquet/columns.h"
#include "analyzer/whatif/operation_trace.h"

namespace rankle::import {

absl::StatusOr<whatif::OperationTrace> ReadParquetTrace(std::string_view file,
                                                        const parquet::Limits& limits = {});

}  // namespace rankle::import
