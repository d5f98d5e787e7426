// nccl-blocking-call-in-group: the host waits between ncclGroupStart and ncclGroupEnd, for a device, a peer
// or a thread. Nothing of the group is launched before its end, so what is waited for may never come.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeBlockingCallInGroup();

}  // namespace rankle::lint
