// nccl-buffer-reuse-before-sync: a buffer is freed, read or written while an operation on it may still run.
// The call returns when it is enqueued; wrong values come out now and then.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeBufferReuseBeforeSync();

}  // namespace rankle::lint
