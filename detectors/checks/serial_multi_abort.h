// nccl-serial-multi-abort: communicators of several devices are aborted one after another outside a group.
// The first abort may wait for kernels that wait for the others.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeSerialMultiAbort();

}  // namespace rankle::lint
