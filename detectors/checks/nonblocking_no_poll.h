// nccl-nonblocking-no-poll: a nonblocking communicator is used before its state was polled, or what it
// returns while it works is taken for an error.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeNonblockingNoPoll();

}  // namespace rankle::lint
