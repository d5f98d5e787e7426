// Which call of the interposer is which operation of NCCL's profiler? The two number operations differently:
// NCCL by function within a communicator, in the order of its launches (a group is sorted), the hooks by
// communicator, in the order of calls. Pure.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "analyzer/store/store.h"
#include "tracer/transport/reader.h"

namespace rankle::import {

struct OperationMatch {
  uint32_t operation = 0;  // index into Store::operations
  size_t record = 0;       // index into the records given
};

// `records`: of one communicator of one process, in order of their begin; the process is its member `place`.
// `clock_offset` makes their times the job's. An operation is what its function, its count (NCCL counts
// some in bytes) and its peer say; it begins after the call entered. What fits nothing (the call's record
// was overwritten, the call was made before tracing) has no match.
std::vector<OperationMatch> MatchOperations(const store::Store& store, int32_t communicator, int32_t place,
                                            const std::vector<transport::OperationRecord>& records,
                                            int64_t clock_offset);

}  // namespace rankle::import
