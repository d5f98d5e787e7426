// nccl-rank-dependent-count: the count of a collective depends on the rank, or on data that each rank got for
// itself. Ranks with other counts hang, or write past their buffers.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeRankDependentCount();

}  // namespace rankle::lint
