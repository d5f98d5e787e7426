// nccl-init-misuse: a communicator is used in the group that makes it, an id is used for two, or an id is
// told to nobody. Ranks with ids of their own wait for each other for ever.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeInitMisuse();

}  // namespace rankle::lint
