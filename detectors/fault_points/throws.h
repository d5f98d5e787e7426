// Throw points: `throw X` with the branch that decides over it. What a campaign injects is the other outcome
// of that branch, so that the code between branch and throw still runs. Rethrows, assertions and reports of a
// programmer's mistake are dropped, with the reason.
#pragma once

#include "detectors/fault_points/branches.h"
#include "detectors/fault_points/syntax.h"
#include "detectors/fault_points/unit.h"

namespace rankle::points {

void FindThrows(Unit& unit, const FunctionBody& body, const BranchIds& branches);

}  // namespace rankle::points
