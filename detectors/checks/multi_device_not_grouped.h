// nccl-multi-device-not-grouped: one thread loops over the communicators of several devices and calls
// communication, or makes them, outside a group. The first call may wait for the others, which this thread
// has not come to.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeMultiDeviceNotGrouped();

}  // namespace rankle::lint
