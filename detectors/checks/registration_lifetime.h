// nccl-registration-lifetime: memory is freed while it is registered with a communicator, is never
// deregistered, or only one of an operation's two buffers is registered (then neither registration is of
// use).
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeRegistrationLifetime();

}  // namespace rankle::lint
