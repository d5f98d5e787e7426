// nccl-conditional-zero-count: a send or receive that is left out when its count is zero, while the other
// side of the transfer is posted always. A transfer of nothing is legal since NCCL 2.12.10 and still has two
// sides: the one that is posted waits for the one that is not.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeConditionalZeroCount();

}  // namespace rankle::lint
