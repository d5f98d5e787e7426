// Memory pools: the accounts and attributes behind cudaMallocAsync. A pool keeps nothing back: freed memory
// returns to the device at once, so "reserved" equals "used".
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "virtual_gpu/engine/device.h"
#include "virtual_gpu/engine/error.h"

namespace rankle::vgpu {

struct MemoryPool {
  explicit MemoryPool(Device& owner) : device(owner) {}
  Device& device;
  std::atomic<uint64_t> used{0};
  std::atomic<uint64_t> used_high{0};
  std::atomic<uint64_t> release_threshold{0};
  std::atomic<int> reuse_flags[3] = {1, 1, 1};
};

Error PoolCreate(Device& device, CUmemPoolHandle_st** pool);
Error PoolDestroy(CUmemPoolHandle_st* pool);
CUmemPoolHandle_st* DefaultPool(Device& device);
Error CurrentPool(Device& device, CUmemPoolHandle_st** pool);
Error SetCurrentPool(Device& device, CUmemPoolHandle_st* pool);
std::shared_ptr<MemoryPool> FindPool(const void* handle);

// Null pool: the current device's. The memory is there at once; only its freeing follows the stream.
Error AllocateAsync(size_t bytes, CUmemPoolHandle_st* pool, CUstream_st* stream, void** out);
void NotePoolFree(void* pool, size_t bytes);

Error PoolGetAttribute(CUmemPoolHandle_st* pool, cudaMemPoolAttr attribute, void* value);
Error PoolSetAttribute(CUmemPoolHandle_st* pool, cudaMemPoolAttr attribute, const void* value);

}  // namespace rankle::vgpu
