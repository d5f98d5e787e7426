// What is in a piece of a tensor, in a few numbers that ranks can be compared by. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rankle::hooks {

struct Content {
  uint64_t hash = 0;       // of the bytes; equal bytes have equal hashes on every host
  uint32_t nonfinite = 0;  // elements that are NaN or infinite
  float largest = 0;       // largest absolute value of the finite elements; 0 for integers
};

// `dtype` is an ncclDataType_t; bytes behind the last whole element count for the hash only.
Content Summarise(const void* bytes, size_t size, int dtype);

}  // namespace rankle::hooks
