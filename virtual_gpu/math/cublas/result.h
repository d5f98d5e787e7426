// Functions of cuBLAS that give one number: a dot product, a norm, the place of an extreme value. When the
// number goes to the host they block until it is there, as in CUDA.
#pragma once

#include <cuda.h>

#include <cstdint>

#include "virtual_gpu/math/cublas/handle.h"
#include "virtual_gpu/math/host_blas.h"
#include "virtual_gpu/math/launch.h"

namespace rankle::vgpu::math {

// Is this a vector of n elements?
inline bool IsVector(int64_t n, const void* x, int64_t step) { return n <= 0 || (x != nullptr && step != 0); }

// Writes to `result`, in stream order: what `compute` gives when computing is wanted, else `otherwise`; for
// no elements 0.
template <typename Number, typename Compute>
int Result(void* handle, const char* name, int64_t n, bool valid, void* result, Number otherwise,
           Compute compute) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    if (!valid || result == nullptr) return kCublas.invalid_value;
    if (!Launch(found.stream, name)) return kCublas.failed;
    const bool queued = Enqueue(found.stream, name, [=] {
      auto* const to = static_cast<Number*>(result);
      if (n <= 0) {
        *to = Number();
      } else {
        *to = ComputeIsWanted() ? static_cast<Number>(compute()) : otherwise;
      }
    });
    if (!queued) return kCublas.failed;
    if (found.pointer_mode == 1) return 0;
    return CublasStatus(cuStreamSynchronize(static_cast<CUstream>(found.stream)) == CUDA_SUCCESS);
  });
}

}  // namespace rankle::vgpu::math
