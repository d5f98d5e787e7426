// nccl-count-in-bytes: a count made with sizeof while the datatype is wider than a byte. NCCL and MPI count
// elements; the operation then reads and writes past the buffers. No compiler sees it: both are size_t.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeCountInBytes();

}  // namespace rankle::lint
