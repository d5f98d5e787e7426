// nccl-default-stream: communication on the legacy default stream, or on a stream that waits for it while
// kernels are launched there. The two then wait for each other's work, on some ranks in another order than on
// others.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeDefaultStream();

}  // namespace rankle::lint
