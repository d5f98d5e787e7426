// nccl-unchecked-result: the result of a call of NCCL, CUDA or HIP, or of a function that hands one on, is
// dropped, or kept in a variable that nobody reads. The error then shows up as a hang or as wrong data, later
// and on another rank. Compilers are silent: the headers do not say [[nodiscard]].
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeUncheckedResult();

}  // namespace rankle::lint
