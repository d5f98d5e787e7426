// nccl-inplace-overlap: send and receive buffer of one call overlap in another way than the one that the
// operation takes for in place. NCCL reads what it has written already; nothing reports it.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeInplaceOverlap();

}  // namespace rankle::lint
