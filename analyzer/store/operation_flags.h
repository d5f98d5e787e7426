// Operation.flags of a Store, beside those of records (tracer/record/format.h).
#pragma once

#include <cstdint>

namespace rankle::store {

// A counter tells that the operation was issued, and nothing tells what it was: it agrees with everything.
inline constexpr uint8_t kFlagOnlyCounted = 128;

}  // namespace rankle::store
