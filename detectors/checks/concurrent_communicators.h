// nccl-concurrent-communicators: two communicators of one device on two streams with nothing that orders
// them. Ranks may start them in different orders, and each waits for a peer that is busy with the other.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeConcurrentCommunicators();

}  // namespace rankle::lint
