// What a collective does to its elements: load a rank's contribution, add one to a partial result, merge two
// partial results, finish. Covers every datatype and reduction of nccl.h, ncclAvg and user pre-multiplied
// sums. A Reduction is a plain value (function pointers and a scalar); it may be copied and used from any
// thread. Buffers may be unaligned.
#pragma once

#include <nccl.h>

#include <cstddef>
#include <cstdint>

namespace rankle::virtual_nccl {

// Bytes of one element; 0 for a value that is no datatype.
size_t ElementSize(ncclDataType_t type);

class Reduction {
 public:
  // No arithmetic: AllGather, Broadcast, point-to-point.
  static Reduction Copy(ncclDataType_t type);
  // `op` is one of the built-in operations.
  static Reduction BuiltIn(ncclDataType_t type, ncclRedOp_t op, int nranks);
  // Sum of inputs that are each multiplied by `*scalar` (one element of `type`, read now).
  static Reduction PreMultipliedSum(ncclDataType_t type, const void* scalar);

  size_t element_size() const { return element_size_; }
  // partial = f(input)
  void Load(void* partial, const void* input, size_t count) const { load_(partial, input, count, scalar_); }
  // partial = partial op f(input)
  void Accumulate(void* partial, const void* input, size_t count) const {
    accumulate_(partial, input, count, scalar_);
  }
  // partial = partial op other
  void Merge(void* partial, const void* other, size_t count) const { merge_(partial, other, count, scalar_); }
  // Turns the complete partial result into the value the caller sees (integer average divides here).
  void Finish(void* partial, size_t count) const {
    if (finish_ != nullptr) finish_(partial, partial, count, scalar_);
  }

  // The scalar of the operation, as the bytes of one element (float averages scale by 1/n) or as the divisor
  // of an integer average.
  using Scalar = uint64_t;
  using Kernel = void (*)(void* into, const void* from, size_t count, Scalar scalar);

 private:
  size_t element_size_ = 1;
  Scalar scalar_ = 0;
  Kernel load_ = nullptr;
  Kernel accumulate_ = nullptr;
  Kernel merge_ = nullptr;
  Kernel finish_ = nullptr;

  friend struct KernelTable;
};

}  // namespace rankle::virtual_nccl
