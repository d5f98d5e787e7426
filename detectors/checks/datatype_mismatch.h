// nccl-datatype-mismatch: a buffer points to other numbers than the datatype says: another width, integers
// for floating point, or bytes that are summed. The pointers are void* to the library, so no compiler sees
// it.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeDatatypeMismatch();

}  // namespace rankle::lint
