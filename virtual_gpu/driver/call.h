// The frame of every driver entry point: cuInit must have been called, and, where the call needs one, a
// context.
#pragma once

#define __CUDA_API_VERSION_INTERNAL  // declare all versions and both default-stream forms of every function
#include <cuda.h>
#include <cudaProfiler.h>

#include "virtual_gpu/engine/engine.h"

namespace rankle::vgpu::driver {

inline CUresult Result(Error error) { return static_cast<CUresult>(error); }

template <typename Action>
CUresult Call(Action action) {
  if (!Initialised()) return CUDA_ERROR_NOT_INITIALIZED;
  if (const Error error = Enter()) return Result(error);
  return Result(action());
}

// For calls that work on the current context.
template <typename Action>
CUresult ContextCall(Action action) {
  return Call([&]() -> Error {
    if (ContextStack().empty()) return static_cast<Error>(CUDA_ERROR_INVALID_CONTEXT);
    Device* device;
    if (const Error error = HealthyDevice(&device)) return error;
    return action(*device);
  });
}

}  // namespace rankle::vgpu::driver
