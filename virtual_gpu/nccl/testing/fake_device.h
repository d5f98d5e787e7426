// A minimal CUDA for the unit tests of the virtual NCCL: streams are worker threads, device memory is host
// memory. Defines rankleVgpuEnqueue and the CUDA runtime functions that the library and its tests use. The
// real virtual GPUs replace it everywhere else.
#pragma once

#include <cuda_runtime_api.h>

namespace rankle::virtual_nccl::testing {

inline constexpr int kFakeDevices = 64;

// The next `count` calls of rankleVgpuEnqueue fail with `error`.
void FailEnqueue(int count, cudaError_t error);

// Work enqueued on `stream` is kept instead of run, until ReplayCapture() has run it `times` times and
// dropped it.
void BeginCapture(cudaStream_t stream);
void ReplayCapture(cudaStream_t stream, int times);

}  // namespace rankle::virtual_nccl::testing
