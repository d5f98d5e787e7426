// Calls that return errors instead of throwing them: NCCL, CUDA and MPI codes, errno, Status,
// std::error_code, optional, and bool functions of other libraries that say by their name that they can fail.
// A call whose answer nobody looks at is dropped.
#pragma once

#include "detectors/fault_points/syntax.h"
#include "detectors/fault_points/unit.h"

namespace rankle::points {

void FindErrorCalls(Unit& unit, const FunctionBody& body);

}  // namespace rankle::points
