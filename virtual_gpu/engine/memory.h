// Memory of all kinds, and the answer to "what does this pointer point at". Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "virtual_gpu/engine/device.h"
#include "virtual_gpu/engine/error.h"

namespace rankle::vgpu {

enum class MemoryKind {
  kDevice,      // in a device's arena
  kManaged,     // the same, legal on the host too
  kHost,        // pinned: cudaMallocHost
  kRegistered,  // the application's own, cudaHostRegister
  kIpc,         // another process' device memory
  kMapped,      // virtual address range with physical memory mapped in (cuMemMap)
};

struct Allocation {
  uintptr_t base = 0;
  size_t bytes = 0;
  MemoryKind kind = MemoryKind::kDevice;
  Device* device = nullptr;
  unsigned flags = 0;
  void* pool = nullptr;  // the memory pool it came from
  uint64_t id = 0;       // unique in the process

  uintptr_t end() const { return base + bytes; }
  bool host() const { return kind == MemoryKind::kHost || kind == MemoryKind::kRegistered; }
};

Error Allocate(Device& device, MemoryKind kind, size_t bytes, void** out, void* pool = nullptr);
Error AllocateHost(size_t bytes, unsigned flags, void** out);
Error RegisterHost(void* pointer, size_t bytes, unsigned flags);
Error UnregisterHost(void* pointer);

// Frees kDevice and kManaged memory (cudaFree) or kHost memory (cudaFreeHost), after all work of the device.
Error FreeDevice(void* pointer);
Error FreeHost(void* pointer);
// Frees in stream order.
Error FreeAsync(void* pointer, CUstream_st* stream);

// Gives back everything that lives in the device's arena (cudaDeviceReset).
void FreeAllOf(Device& device);

// The allocation that contains the address.
bool FindAllocation(const void* pointer, Allocation* allocation);
// True when the whole range lies in one allocation.
bool IsAccessible(const void* pointer, size_t bytes);

// For mappings that other parts make (VMM, IPC).
void AddAllocation(Allocation allocation);
bool RemoveAllocation(const void* base, Allocation* removed);

}  // namespace rankle::vgpu
