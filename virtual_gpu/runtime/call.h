// The frame of every runtime entry point: the engine's gate before it, the thread's last error after it.
#pragma once

#define __CUDA_API_VERSION_INTERNAL  // declare both the plain and the per-thread-default-stream names
#include <cuda_runtime_api.h>

#include "virtual_gpu/engine/engine.h"

namespace rankle::vgpu::runtime {

// cudaGetLastError's value; success never overwrites it.
cudaError_t Remember(cudaError_t error);
cudaError_t LastError();
void ForgetLastError();

// Runs `action` behind the gate.
template <typename Action>
cudaError_t Call(Action action) {
  cudaError_t error = Enter();
  if (error == cudaSuccess) {
    MarkInitialised();
    error = action();
  }
  return error == cudaSuccess ? error : Remember(error);
}

// The same for calls that touch the current device: a lost device answers with its sticky error.
template <typename Action>
cudaError_t DeviceCall(Action action) {
  return Call([&]() -> cudaError_t {
    Device* device;
    if (const Error error = HealthyDevice(&device)) return error;
    return action(*device);
  });
}

}  // namespace rankle::vgpu::runtime
