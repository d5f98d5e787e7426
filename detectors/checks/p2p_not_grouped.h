// nccl-p2p-not-grouped: a path sends and receives, and not in one group. Each then waits until the peer comes
// to its counterpart; where all ranks do the same, none does.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeP2pNotGrouped();

}  // namespace rankle::lint
