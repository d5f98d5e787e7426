// nccl-comm-use-after-destroy: a communicator is used, or destroyed again, after ncclCommDestroy or
// ncclCommAbort freed it. The handle is a plain pointer that still looks well, and the memory behind it is
// somebody else's.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeCommUseAfterDestroy();

}  // namespace rankle::lint
