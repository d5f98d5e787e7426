// nccl-rank-dependent-collective: a condition that depends on the rank decides whether, or in what order,
// collectives of a communicator are called. The ranks that call wait for those that do not.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeRankDependentCollective();

}  // namespace rankle::lint
