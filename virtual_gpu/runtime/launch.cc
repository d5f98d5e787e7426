// Kernels of the runtime API: launches, function attributes and occupancy. Kernels do not compute; see
// kernel.h.
#include <algorithm>
#include <cstring>
#include <vector>

#include "virtual_gpu/engine/device_facts.h"
#include "virtual_gpu/engine/kernel.h"
#include "virtual_gpu/runtime/call.h"

using namespace rankle::vgpu;
using runtime::Call;
using runtime::DeviceCall;

namespace {

cudaError_t LaunchCall(const void* function, dim3 grid, dim3 block, size_t shared_bytes,
                       cudaStream_t stream) {
  return DeviceCall([&](Device&) {
    return Launch(FindKernel(function), {grid, block, shared_bytes}, stream);
  });
}

// What <<<>>> pushes before the stub of the kernel pops it.
struct PushedLaunch {
  dim3 grid;
  dim3 block;
  size_t shared_bytes;
  cudaStream_t stream;
};
std::vector<PushedLaunch>& PushedLaunches() {
  thread_local std::vector<PushedLaunch> launches;
  return launches;
}

template <typename Action>
cudaError_t KernelCall(const void* function, Action action) {
  return DeviceCall([&](Device&) -> Error {
    Kernel* kernel = FindKernel(function);
    return kernel == nullptr ? cudaErrorInvalidDeviceFunction : action(*kernel);
  });
}

}  // namespace

extern "C" {

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared_bytes, CUstream_st* stream) {
  PushedLaunches().push_back({grid, block, shared_bytes, stream});
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared_bytes, void* stream) {
  std::vector<PushedLaunch>& launches = PushedLaunches();
  if (launches.empty()) return runtime::Remember(cudaErrorMissingConfiguration);
  const PushedLaunch launch = launches.back();
  launches.pop_back();
  *grid = launch.grid;
  *block = launch.block;
  *shared_bytes = launch.shared_bytes;
  memcpy(stream, &launch.stream, sizeof(launch.stream));
  return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* function) {
  return cudaGetKernel(kernel, function);
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void**, size_t shared_bytes,
                               cudaStream_t stream) {
  return LaunchCall(kernel, grid, block, shared_bytes, stream);
}

cudaError_t __cudaLaunchKernel_ptsz(cudaKernel_t kernel, dim3 grid, dim3 block, void**, size_t shared_bytes,
                                    cudaStream_t stream) {
  PerThreadDefaultScope per_thread;
  return LaunchCall(kernel, grid, block, shared_bytes, stream);
}

}  // extern "C"

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void**, size_t shared_bytes,
                             cudaStream_t stream) {
  return LaunchCall(function, grid, block, shared_bytes, stream);
}

cudaError_t cudaLaunchCooperativeKernel(const void* function, dim3 grid, dim3 block, void**,
                                        size_t shared_bytes, cudaStream_t stream) {
  return LaunchCall(function, grid, block, shared_bytes, stream);
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function, void**) {
  if (config == nullptr) return runtime::Remember(cudaErrorInvalidValue);
  return LaunchCall(function, config->gridDim, config->blockDim, config->dynamicSmemBytes, config->stream);
}

cudaError_t cudaGetKernel(cudaKernel_t* kernel, const void* function) {
  return Call([&]() -> Error {
    Kernel* found = FindKernel(function);
    if (kernel == nullptr) return cudaErrorInvalidValue;
    *kernel = reinterpret_cast<cudaKernel_t>(found);
    return found == nullptr ? cudaErrorInvalidDeviceFunction : cudaSuccess;
  });
}

cudaError_t cudaGetFuncBySymbol(cudaFunction_t* function, const void* symbol) {
  return Call([&]() -> Error {
    Kernel* found = FindKernel(symbol);
    if (function == nullptr) return cudaErrorInvalidValue;
    *function = reinterpret_cast<cudaFunction_t>(found);
    return found == nullptr ? cudaErrorInvalidDeviceFunction : cudaSuccess;
  });
}

cudaError_t cudaFuncGetName(const char** name, const void* function) {
  return KernelCall(function, [&](Kernel& kernel) {
    *name = kernel.mangled.c_str();
    return cudaSuccess;
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  return KernelCall(function, [&](Kernel& kernel) -> Error {
    if (attributes == nullptr) return cudaErrorInvalidValue;
    *attributes = cudaFuncAttributes();
    attributes->maxThreadsPerBlock = kMaxThreadsPerBlock;
    attributes->numRegs = 32;
    attributes->ptxVersion = attributes->binaryVersion = kComputeMajor * 10 + kComputeMinor;
    attributes->maxDynamicSharedSizeBytes = kernel.max_dynamic_shared_bytes;
    attributes->preferredShmemCarveout = kernel.carveout;
    return cudaSuccess;
  });
}

cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  return KernelCall(function, [&](Kernel& kernel) -> Error {
    if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize) {
      if (value < 0 || value > static_cast<int>(kSharedPerBlockOptin)) return cudaErrorInvalidValue;
      kernel.max_dynamic_shared_bytes = value;
    } else if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) {
      kernel.carveout = value;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaFuncSetCacheConfig(const void* function, cudaFuncCache) {
  return KernelCall(function, [](Kernel&) { return cudaSuccess; });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* function, int block_size,
                                                          size_t shared_bytes) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, block_size, shared_bytes,
                                                                0);
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void* function,
                                                                   int block_size, size_t shared_bytes,
                                                                   unsigned) {
  return KernelCall(function, [&](Kernel&) -> Error {
    if (blocks == nullptr || block_size <= 0) return cudaErrorInvalidValue;
    *blocks = MaxBlocksPerMultiprocessor(block_size, shared_bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t* bytes, const void* function, int blocks,
                                                      int block_size) {
  return KernelCall(function, [&](Kernel&) -> Error {
    if (bytes == nullptr || blocks <= 0 || block_size <= 0) return cudaErrorInvalidValue;
    *bytes = std::min(kSharedPerMultiprocessor / static_cast<size_t>(blocks) - kReservedSharedPerBlock,
                      kSharedPerBlockOptin);
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxPotentialClusterSize(int* clusters, const void* function,
                                                 const cudaLaunchConfig_t*) {
  return KernelCall(function, [&](Kernel&) -> Error {
    if (clusters == nullptr) return cudaErrorInvalidValue;
    *clusters = 8;
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveClusters(int* clusters, const void* function, const cudaLaunchConfig_t*) {
  return KernelCall(function, [&](Kernel&) -> Error {
    if (clusters == nullptr) return cudaErrorInvalidValue;
    *clusters = kMultiprocessors / 8;
    return cudaSuccess;
  });
}
