// nccl-group-unbalanced: a path leaves a function with a group open that it started, or ends one that it did
// not start. The depth is a counter of the thread: after a missed end, later calls return success and launch
// nothing; an end too many is an error. No compiler knows the pairs.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeGroupUnbalanced();

}  // namespace rankle::lint
