// Kernels: names with a modelled duration. A program registers them through its fat binaries (the runtime) or
// asks a loaded module or library for one by name (the driver); launching one lets its duration pass on the
// stream.
#pragma once

#include <cuda.h>
#include <vector_types.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "virtual_gpu/engine/error.h"
#include "virtual_gpu/engine/operation.h"

namespace rankle::vgpu {

struct Kernel {
  std::string mangled;
  std::string signature;                                  // demangled
  mutable std::atomic<uint64_t> duration_ns{UINT64_MAX};  // looked up at the first launch
  void* module = nullptr;
  std::atomic<int> max_dynamic_shared_bytes{48 * 1024};
  std::atomic<int> carveout{-1};
};

struct LaunchShape {
  dim3 grid;
  dim3 block;
  size_t shared_bytes = 0;
};

// Makes a kernel that lives as long as the process; module code may be unloaded, stale handles stay harmless.
Kernel* MakeKernel(const std::string& mangled, void* module);

// The runtime's host-side function pointers. A large program registers tens of thousands and launches few:
// only the name's address is kept (it belongs to the module) until the kernel is first looked for.
void RegisterHostFunction(const void* host_function, const char* device_name, void* module);
void UnregisterHostFunctions(void* module);
// The kernel behind a host function pointer or a kernel handle, null when unknown.
Kernel* FindKernel(const void* function_or_handle);

// Occupancy: how many blocks of this shape fit on one multiprocessor.
int MaxBlocksPerMultiprocessor(int block_size, size_t shared_bytes);

Error Launch(const Kernel* kernel, const LaunchShape& shape, CUstream_st* stream);
Error MakeLaunch(const Kernel* kernel, const LaunchShape& shape, OperationPtr* operation);

// What a kernel node remembers; null when the operation is not a kernel.
const Kernel* LaunchedKernel(const Operation& operation, LaunchShape* shape);

// cudaLaunchHostFunc and cudaStreamAddCallback.
Error LaunchHostFunction(CUstream_st* stream, void (*function)(void*), void* argument);
OperationPtr MakeHostFunction(void (*function)(void*), void* argument);
Error AddStreamCallback(CUstream_st* stream, void (*callback)(CUstream_st*, cudaError_t, void*),
                        void* argument);

}  // namespace rankle::vgpu
