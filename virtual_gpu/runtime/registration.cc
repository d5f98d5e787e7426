// What nvcc's code calls before main and at exit: fat binaries with their kernels and variables.
// Nothing here may bring the engine to life: a program that only forks and never uses CUDA must stay usable
// in both processes. Locks are never held while foreign code runs.
#include <cuda_runtime_api.h>
#include <sys/mman.h>

#include <map>
#include <mutex>
#include <unordered_map>

#include "virtual_gpu/engine/kernel.h"
#include "virtual_gpu/engine/memory.h"
#include "virtual_gpu/engine/process.h"
#include "virtual_gpu/runtime/call.h"
#include "virtual_gpu/runtime/symbols.h"

namespace rankle::vgpu::runtime {
namespace {

struct Variable {
  size_t bytes = 0;
  void* managed = nullptr;                    // __managed__: one address for all devices
  std::map<const Device*, void*> per_device;  // __device__: allocated at the first use
};

struct Variables {
  std::mutex mutex;
  std::unordered_map<const void*, Variable> by_symbol;  // guarded by mutex

  static Variables& Get() {
    static Variables* variables = new Variables;
    return *variables;
  }
};

void AddVariable(const void* symbol, size_t bytes, void* managed) {
  Variables& variables = Variables::Get();
  std::unique_lock lock(variables.mutex);
  Variable& variable = variables.by_symbol[symbol];
  variable.bytes = bytes;
  variable.managed = managed;
}

}  // namespace

Error FindSymbol(Device& device, const void* symbol, void** address, size_t* bytes) {
  Variables& variables = Variables::Get();
  std::unique_lock lock(variables.mutex);
  auto found = variables.by_symbol.find(symbol);
  if (found == variables.by_symbol.end()) return cudaErrorInvalidSymbol;
  Variable& variable = found->second;
  *bytes = variable.bytes;
  *address = variable.managed;
  if (variable.managed != nullptr) return cudaSuccess;
  void*& memory = variable.per_device[&device];
  if (memory == nullptr) {
    if (const Error error = Allocate(device, MemoryKind::kDevice, variable.bytes, &memory)) return error;
  }
  *address = memory;
  return cudaSuccess;
}

void ForgetSymbols(const Device& device) {
  Variables& variables = Variables::Get();
  std::unique_lock lock(variables.mutex);
  for (auto& [symbol, variable] : variables.by_symbol) variable.per_device.erase(&device);
}

}  // namespace rankle::vgpu::runtime

using namespace rankle::vgpu;

extern "C" {

void** __cudaRegisterFatBinary(void* fat_binary) { return new void*(fat_binary); }

void __cudaRegisterFatBinaryEnd(void**) {}

// Handles of kernels stay valid: work that uses them may still be queued.
void __cudaUnregisterFatBinary(void** handle) {
  if (!InForkedChild()) UnregisterHostFunctions(handle);
  delete handle;
}

char __cudaInitModule(void**) { return 1; }

void __cudaRegisterFunction(void** handle, const char* host_function, char*, const char* device_name, int,
                            uint3*, uint3*, dim3*, dim3*, int*) {
  if (!InForkedChild()) RegisterHostFunction(host_function, device_name, handle);
}

void __cudaRegisterVar(void**, char* host_variable, char*, const char*, int, size_t bytes, int, int) {
  if (!InForkedChild()) runtime::AddVariable(host_variable, bytes, nullptr);
}

void __cudaRegisterManagedVar(void**, void** host_pointer, char*, const char*, int, size_t bytes, int, int) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *host_pointer = memory == MAP_FAILED ? nullptr : memory;
  if (!InForkedChild()) runtime::AddVariable(host_pointer, bytes, *host_pointer);
}

void __cudaRegisterHostVar(void**, const char*, char*, size_t) {}

void __cudaRegisterUnifiedTable(void**, void*) {}

void __cudaRegisterTexture(void**, const struct textureReference*, const void**, const char*, int, int, int) {
}

void __cudaRegisterSurface(void**, const struct surfaceReference*, const void**, const char*, int, int) {}

}  // extern "C"

cudaError_t cudaGetSymbolAddress(void** address, const void* symbol) {
  return runtime::DeviceCall([&](Device& device) -> Error {
    size_t bytes;
    return address == nullptr ? cudaErrorInvalidValue : runtime::FindSymbol(device, symbol, address, &bytes);
  });
}

cudaError_t cudaGetSymbolSize(size_t* bytes, const void* symbol) {
  return runtime::DeviceCall([&](Device& device) -> Error {
    void* address;
    return bytes == nullptr ? cudaErrorInvalidValue : runtime::FindSymbol(device, symbol, &address, bytes);
  });
}
