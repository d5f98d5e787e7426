// Modules, libraries, kernels and launches of the driver API. Code images are not read: every kernel name is
// found.
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "virtual_gpu/driver/call.h"
#include "virtual_gpu/engine/device_facts.h"
#include "virtual_gpu/engine/kernel.h"

using namespace rankle::vgpu;
using driver::Call;
using driver::ContextCall;

namespace {

// A loaded image and the kernels that were asked for.
struct Module {
  std::mutex mutex;
  std::map<std::string, Kernel*> kernels;  // guarded by mutex

  Kernel* Get(const char* name) {
    std::unique_lock lock(mutex);
    Kernel*& kernel = kernels[name];
    if (kernel == nullptr) kernel = MakeKernel(name, this);
    return kernel;
  }
};

HandleTable<Module>& Modules() {
  static auto* modules = new HandleTable<Module>;
  return *modules;
}

template <typename Handle>
Error Load(Handle* out) {
  if (out == nullptr) return cudaErrorInvalidValue;
  *out = static_cast<Handle>(Modules().Add(std::make_shared<Module>()));
  return cudaSuccess;
}

template <typename Out>
Error FindByName(const void* handle, const char* name, Out* out) {
  const std::shared_ptr<Module> module = Modules().Find(handle);
  if (module == nullptr) return cudaErrorInvalidResourceHandle;
  if (name == nullptr || out == nullptr) return cudaErrorInvalidValue;
  *out = reinterpret_cast<Out>(module->Get(name));
  return cudaSuccess;
}

Error Unload(const void* handle) {
  return Modules().Take(handle) == nullptr ? cudaErrorInvalidResourceHandle : cudaSuccess;
}

Error GetAttribute(const void* function, CUfunction_attribute attribute, int* value) {
  const Kernel* kernel = FindKernel(function);
  if (kernel == nullptr) return cudaErrorInvalidResourceHandle;
  if (value == nullptr) return cudaErrorInvalidValue;
  *value = 0;
  switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      *value = kMaxThreadsPerBlock;
      break;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
      *value = 32;
      break;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
      *value = kComputeMajor * 10 + kComputeMinor;
      break;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      *value = kernel->max_dynamic_shared_bytes;
      break;
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
      *value = kernel->carveout;
      break;
    default:
      break;
  }
  return cudaSuccess;
}

Error SetAttribute(const void* function, CUfunction_attribute attribute, int value) {
  Kernel* kernel = FindKernel(function);
  if (kernel == nullptr) return cudaErrorInvalidResourceHandle;
  if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
    if (value < 0 || value > static_cast<int>(kSharedPerBlockOptin)) return cudaErrorInvalidValue;
    kernel->max_dynamic_shared_bytes = value;
  } else if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT) {
    kernel->carveout = value;
  }
  return cudaSuccess;
}

Error LaunchHandle(const void* function, const dim3& grid, const dim3& block, unsigned shared_bytes,
                   CUstream stream) {
  const Kernel* kernel = FindKernel(function);
  if (kernel == nullptr) return cudaErrorInvalidResourceHandle;
  return Launch(kernel, {grid, block, shared_bytes}, stream);
}

}  // namespace

CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  return ContextCall([&](Device&) { return image == nullptr ? cudaErrorInvalidValue : Load(module); });
}

CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned, CUjit_option*, void**) {
  return cuModuleLoadData(module, image);
}

CUresult cuModuleLoadFatBinary(CUmodule* module, const void* image) {
  return cuModuleLoadData(module, image);
}

CUresult cuModuleUnload(CUmodule module) {
  return ContextCall([&](Device&) { return Unload(module); });
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  return ContextCall([&](Device&) { return FindByName(module, name, function); });
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode* mode) {
  return Call([&]() -> Error {
    if (mode == nullptr) return cudaErrorInvalidValue;
    *mode = CU_MODULE_LAZY_LOADING;
    return cudaSuccess;
  });
}

CUresult cuLibraryLoadData(CUlibrary* library, const void* code, CUjit_option*, void**, unsigned,
                           CUlibraryOption*, void**, unsigned) {
  return Call([&] { return code == nullptr ? cudaErrorInvalidValue : Load(library); });
}

CUresult cuLibraryUnload(CUlibrary library) {
  return Call([&] { return Unload(library); });
}

CUresult cuLibraryGetKernel(CUkernel* kernel, CUlibrary library, const char* name) {
  return Call([&] { return FindByName(library, name, kernel); });
}

CUresult cuLibraryGetModule(CUmodule* module, CUlibrary library) {
  return ContextCall([&](Device&) -> Error {
    if (module == nullptr) return cudaErrorInvalidValue;
    if (Modules().Find(library) == nullptr) return cudaErrorInvalidResourceHandle;
    *module = reinterpret_cast<CUmodule>(library);
    return cudaSuccess;
  });
}

CUresult cuKernelGetFunction(CUfunction* function, CUkernel kernel) {
  return ContextCall([&](Device&) -> Error {
    if (function == nullptr) return cudaErrorInvalidValue;
    if (FindKernel(kernel) == nullptr) return cudaErrorInvalidResourceHandle;
    *function = reinterpret_cast<CUfunction>(kernel);
    return cudaSuccess;
  });
}

CUresult cuKernelGetName(const char** name, CUkernel kernel) {
  return Call([&]() -> Error {
    const Kernel* found = FindKernel(kernel);
    if (name == nullptr || found == nullptr) return cudaErrorInvalidValue;
    *name = found->mangled.c_str();
    return cudaSuccess;
  });
}

CUresult cuFuncGetName(const char** name, CUfunction function) {
  return cuKernelGetName(name, reinterpret_cast<CUkernel>(function));
}

CUresult cuFuncGetModule(CUmodule* module, CUfunction function) {
  return ContextCall([&](Device&) -> Error {
    const Kernel* kernel = FindKernel(function);
    if (module == nullptr || kernel == nullptr) return cudaErrorInvalidValue;
    *module = static_cast<CUmodule>(kernel->module);
    return cudaSuccess;
  });
}

CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute, CUfunction function) {
  return ContextCall([&](Device&) { return GetAttribute(function, attribute, value); });
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  return ContextCall([&](Device&) { return SetAttribute(function, attribute, value); });
}

CUresult cuKernelGetAttribute(int* value, CUfunction_attribute attribute, CUkernel kernel, CUdevice) {
  return Call([&] { return GetAttribute(kernel, attribute, value); });
}

CUresult cuKernelSetAttribute(CUfunction_attribute attribute, int value, CUkernel kernel, CUdevice) {
  return Call([&] { return SetAttribute(kernel, attribute, value); });
}

CUresult cuFuncSetCacheConfig(CUfunction function, CUfunc_cache) {
  return ContextCall([&](Device&) {
    return FindKernel(function) == nullptr ? cudaErrorInvalidResourceHandle : cudaSuccess;
  });
}

CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                        unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                        CUstream stream, void**, void**) {
  return ContextCall([&](Device&) {
    return LaunchHandle(function, dim3(grid_x, grid_y, grid_z), dim3(block_x, block_y, block_z), shared_bytes,
                        stream);
  });
}

CUresult cuLaunchKernelEx(const CUlaunchConfig* c, CUfunction function, void**, void**) {
  return ContextCall([&](Device&) -> Error {
    if (c == nullptr) return cudaErrorInvalidValue;
    return LaunchHandle(function, dim3(c->gridDimX, c->gridDimY, c->gridDimZ),
                        dim3(c->blockDimX, c->blockDimY, c->blockDimZ), c->sharedMemBytes, c->hStream);
  });
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                   unsigned block_x, unsigned block_y, unsigned block_z,
                                   unsigned shared_bytes, CUstream stream, void** arguments) {
  return cuLaunchKernel(function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes, stream,
                        arguments, nullptr);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction function, int block_size,
                                                     size_t shared_bytes) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, block_size, shared_bytes, 0);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, CUfunction function,
                                                              int block_size, size_t shared_bytes, unsigned) {
  return ContextCall([&](Device&) -> Error {
    if (FindKernel(function) == nullptr) return cudaErrorInvalidResourceHandle;
    if (blocks == nullptr || block_size <= 0) return cudaErrorInvalidValue;
    *blocks = MaxBlocksPerMultiprocessor(block_size, shared_bytes);
    return cudaSuccess;
  });
}
