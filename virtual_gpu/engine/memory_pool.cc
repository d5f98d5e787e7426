#include "virtual_gpu/engine/memory_pool.h"

#include <map>
#include <mutex>

#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/memory.h"

namespace rankle::vgpu {
namespace {

struct Pools {
  HandleTable<MemoryPool> live;
  std::mutex mutex;
  std::map<Device*, CUmemPoolHandle_st*> defaults;  // guarded by mutex
  std::map<Device*, CUmemPoolHandle_st*> current;   // guarded by mutex

  static Pools& Get() {
    static Pools* pools = new Pools;
    return *pools;
  }
};

// Which of the three reuse policies an attribute names, -1 for none.
int ReusePolicy(cudaMemPoolAttr attribute) {
  switch (attribute) {
    case cudaMemPoolReuseFollowEventDependencies:
      return 0;
    case cudaMemPoolReuseAllowOpportunistic:
      return 1;
    case cudaMemPoolReuseAllowInternalDependencies:
      return 2;
    default:
      return -1;
  }
}

}  // namespace

Error PoolCreate(Device& device, CUmemPoolHandle_st** pool) {
  *pool = static_cast<CUmemPoolHandle_st*>(Pools::Get().live.Add(std::make_shared<MemoryPool>(device)));
  return cudaSuccess;
}

Error PoolDestroy(CUmemPoolHandle_st* pool) {
  Pools& pools = Pools::Get();
  std::unique_lock lock(pools.mutex);
  for (const auto& [device, handle] : pools.defaults) {
    if (handle == pool) return cudaErrorInvalidValue;
  }
  for (auto& [device, handle] : pools.current) {
    if (handle == pool) handle = pools.defaults[device];
  }
  return pools.live.Take(pool) == nullptr ? cudaErrorInvalidValue : cudaSuccess;
}

CUmemPoolHandle_st* DefaultPool(Device& device) {
  Pools& pools = Pools::Get();
  std::unique_lock lock(pools.mutex);
  CUmemPoolHandle_st*& pool = pools.defaults[&device];
  if (pool == nullptr) PoolCreate(device, &pool);
  return pool;
}

Error CurrentPool(Device& device, CUmemPoolHandle_st** pool) {
  CUmemPoolHandle_st* fallback = DefaultPool(device);
  Pools& pools = Pools::Get();
  std::unique_lock lock(pools.mutex);
  auto found = pools.current.find(&device);
  *pool = found == pools.current.end() || found->second == nullptr ? fallback : found->second;
  return cudaSuccess;
}

Error SetCurrentPool(Device& device, CUmemPoolHandle_st* pool) {
  if (FindPool(pool) == nullptr) return cudaErrorInvalidValue;
  std::unique_lock lock(Pools::Get().mutex);
  Pools::Get().current[&device] = pool;
  return cudaSuccess;
}

std::shared_ptr<MemoryPool> FindPool(const void* handle) { return Pools::Get().live.Find(handle); }

Error AllocateAsync(size_t bytes, CUmemPoolHandle_st* handle, CUstream_st* stream_handle, void** out) {
  std::shared_ptr<Stream> stream;
  if (out == nullptr) return cudaErrorInvalidValue;
  if (const Error error = FindStream(stream_handle, &stream)) return error;
  if (stream->capturing) return cudaErrorStreamCaptureUnsupported;  // no memory nodes
  if (handle == nullptr) CurrentPool(stream->device(), &handle);
  const std::shared_ptr<MemoryPool> pool = FindPool(handle);
  if (pool == nullptr) return cudaErrorInvalidValue;
  *out = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (const Error error = Allocate(pool->device, MemoryKind::kDevice, bytes, out, handle)) return error;
  const uint64_t used = pool->used += bytes;
  uint64_t high = pool->used_high;
  while (used > high && !pool->used_high.compare_exchange_weak(high, used)) {
  }
  return cudaSuccess;
}

void NotePoolFree(void* handle, size_t bytes) {
  if (handle == nullptr) return;
  if (const std::shared_ptr<MemoryPool> pool = FindPool(handle)) pool->used -= bytes;
}

Error PoolGetAttribute(CUmemPoolHandle_st* handle, cudaMemPoolAttr attribute, void* value) {
  const std::shared_ptr<MemoryPool> pool = FindPool(handle);
  if (pool == nullptr || value == nullptr) return cudaErrorInvalidValue;
  if (const int policy = ReusePolicy(attribute); policy >= 0) {
    *static_cast<int*>(value) = pool->reuse_flags[policy];
    return cudaSuccess;
  }
  auto* number = static_cast<uint64_t*>(value);
  switch (attribute) {
    case cudaMemPoolAttrReleaseThreshold:
      *number = pool->release_threshold;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemCurrent:
    case cudaMemPoolAttrUsedMemCurrent:
      *number = pool->used;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemHigh:
    case cudaMemPoolAttrUsedMemHigh:
      *number = pool->used_high;
      return cudaSuccess;
    default:
      return cudaErrorInvalidValue;
  }
}

Error PoolSetAttribute(CUmemPoolHandle_st* handle, cudaMemPoolAttr attribute, const void* value) {
  const std::shared_ptr<MemoryPool> pool = FindPool(handle);
  if (pool == nullptr || value == nullptr) return cudaErrorInvalidValue;
  if (const int policy = ReusePolicy(attribute); policy >= 0) {
    pool->reuse_flags[policy] = *static_cast<const int*>(value);
    return cudaSuccess;
  }
  const uint64_t number = *static_cast<const uint64_t*>(value);
  switch (attribute) {
    case cudaMemPoolAttrReleaseThreshold:
      pool->release_threshold = number;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemHigh:
    case cudaMemPoolAttrUsedMemHigh:
      if (number != 0) return cudaErrorInvalidValue;  // the high-water mark can only be reset
      pool->used_high = pool->used.load();
      return cudaSuccess;
    default:
      return cudaErrorInvalidValue;
  }
}

}  // namespace rankle::vgpu
