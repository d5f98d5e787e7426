// A cuBLAS handle.
#pragma once

#include "virtual_gpu/math/action.h"
#include "virtual_gpu/math/handle.h"

namespace rankle::vgpu::math {

struct CublasHandle final : Handle {
  int pointer_mode = 0;  // CUBLAS_POINTER_MODE_HOST; 1: device
  int math_mode = 0;     // CUBLAS_DEFAULT_MATH
  int atomics_mode = 0;
  int sm_count = 0;  // 0: all
};

// The status of a call that needs a live handle and then does `action(handle)`.
template <typename Action>
int WithCublasHandle(void* handle, Action action) {
  const std::shared_ptr<CublasHandle> found = Find<CublasHandle>(handle);
  return found == nullptr ? kCublas.no_handle : action(*found);
}

inline int CublasStatus(bool queued) { return queued ? 0 : kCublas.failed; }

}  // namespace rankle::vgpu::math
