#include "virtual_gpu/engine/memory.h"

#include <cuda_runtime_api.h>
#include <sys/mman.h>

#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/memory_pool.h"
#include "virtual_gpu/engine/submit.h"

namespace rankle::vgpu {
namespace {

class Registry {
 public:
  static Registry& Get() {
    static Registry* registry = new Registry;
    return *registry;
  }

  void Add(Allocation allocation) {
    allocation.id = next_id_++;
    std::unique_lock lock(mutex_);
    by_base_[allocation.base] = allocation;
  }

  // Fails when the range touches one that is already known.
  bool AddDisjoint(Allocation allocation) {
    allocation.id = next_id_++;
    std::unique_lock lock(mutex_);
    auto next = by_base_.lower_bound(allocation.base);
    if (next != by_base_.end() && next->first < allocation.end()) return false;
    if (next != by_base_.begin() && std::prev(next)->second.end() > allocation.base) return false;
    by_base_[allocation.base] = allocation;
    return true;
  }

  bool Find(uintptr_t address, Allocation* allocation) const {
    std::shared_lock lock(mutex_);
    auto next = by_base_.upper_bound(address);
    if (next == by_base_.begin()) return false;
    const Allocation& candidate = std::prev(next)->second;
    if (address >= candidate.end()) return false;
    *allocation = candidate;
    return true;
  }

  template <typename Accept>
  bool Take(uintptr_t base, Accept accept, Allocation* allocation) {
    std::unique_lock lock(mutex_);
    auto found = by_base_.find(base);
    if (found == by_base_.end() || !accept(found->second)) return false;
    *allocation = found->second;
    by_base_.erase(found);
    return true;
  }

  template <typename Accept>
  std::vector<Allocation> TakeAll(Accept accept) {
    std::vector<Allocation> taken;
    std::unique_lock lock(mutex_);
    for (auto next = by_base_.begin(); next != by_base_.end();) {
      if (accept(next->second)) {
        taken.push_back(next->second);
        next = by_base_.erase(next);
      } else {
        ++next;
      }
    }
    return taken;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::map<uintptr_t, Allocation> by_base_;
  std::atomic<uint64_t> next_id_{1};
};

uintptr_t Address(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

bool InArena(const Allocation& allocation) {
  return allocation.kind == MemoryKind::kDevice || allocation.kind == MemoryKind::kManaged;
}

void GiveBack(const Allocation& allocation) {
  NotePoolFree(allocation.pool, allocation.bytes);
  allocation.device->arena().Free(reinterpret_cast<void*>(allocation.base), allocation.bytes);
}

class FreeOperation final : public Operation {
 public:
  explicit FreeOperation(void* pointer) : pointer_(pointer) {}
  void Run(uint64_t) override {
    Allocation allocation;
    if (Registry::Get().Take(Address(pointer_), InArena, &allocation)) GiveBack(allocation);
  }
  NodeKind kind() const override { return NodeKind::kEmpty; }
  bool quick() const override { return true; }

 private:
  void* pointer_;
};

}  // namespace

Error Allocate(Device& device, MemoryKind kind, size_t bytes, void** out, void* pool) {
  void* block = device.arena().Allocate(bytes);
  if (block == nullptr) return cudaErrorMemoryAllocation;
  Allocation allocation;
  allocation.base = Address(block);
  allocation.bytes = bytes;
  allocation.kind = kind;
  allocation.device = &device;
  allocation.pool = pool;
  Registry::Get().Add(allocation);
  *out = block;
  return cudaSuccess;
}

Error AllocateHost(size_t bytes, unsigned flags, void** out) {
  void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return cudaErrorMemoryAllocation;
  Allocation allocation;
  allocation.base = Address(block);
  allocation.bytes = bytes;
  allocation.kind = MemoryKind::kHost;
  allocation.device = CurrentDevice();
  allocation.flags = flags;
  Registry::Get().Add(allocation);
  *out = block;
  return cudaSuccess;
}

Error RegisterHost(void* pointer, size_t bytes, unsigned flags) {
  Allocation allocation;
  allocation.base = Address(pointer);
  allocation.bytes = bytes;
  allocation.kind = MemoryKind::kRegistered;
  allocation.device = CurrentDevice();
  allocation.flags = flags;
  return Registry::Get().AddDisjoint(allocation) ? cudaSuccess : cudaErrorHostMemoryAlreadyRegistered;
}

Error UnregisterHost(void* pointer) {
  Allocation allocation;
  const auto registered = [](const Allocation& a) { return a.kind == MemoryKind::kRegistered; };
  if (!Registry::Get().Take(Address(pointer), registered, &allocation))
    return cudaErrorHostMemoryNotRegistered;
  return cudaSuccess;
}

Error FreeDevice(void* pointer) {
  Allocation allocation;
  if (!Registry::Get().Find(Address(pointer), &allocation)) return cudaErrorInvalidValue;
  if (allocation.base != Address(pointer) || !InArena(allocation)) return cudaErrorInvalidValue;
  if (const Error error = RefuseUnsafeCall()) return error;
  const Error error = allocation.device->Synchronize();
  if (Registry::Get().Take(Address(pointer), InArena, &allocation)) GiveBack(allocation);
  return error;
}

Error FreeHost(void* pointer) {
  Allocation allocation;
  const auto pinned = [](const Allocation& a) { return a.kind == MemoryKind::kHost; };
  if (!Registry::Get().Find(Address(pointer), &allocation) || !pinned(allocation))
    return cudaErrorInvalidValue;
  if (allocation.base != Address(pointer)) return cudaErrorInvalidValue;
  const Error error = allocation.device->Synchronize();
  if (Registry::Get().Take(Address(pointer), pinned, &allocation)) munmap(pointer, allocation.bytes);
  return error;
}

Error FreeAsync(void* pointer, CUstream_st* stream) {
  Allocation allocation;
  if (!Registry::Get().Find(Address(pointer), &allocation) || !InArena(allocation))
    return cudaErrorInvalidValue;
  if (allocation.base != Address(pointer)) return cudaErrorInvalidValue;
  return SubmitTo(stream, std::make_shared<FreeOperation>(pointer));
}

void FreeAllOf(Device& device) {
  const auto mine = [&](const Allocation& a) { return a.device == &device && InArena(a); };
  for (const Allocation& allocation : Registry::Get().TakeAll(mine)) GiveBack(allocation);
}

bool FindAllocation(const void* pointer, Allocation* allocation) {
  return Registry::Get().Find(Address(pointer), allocation);
}

bool IsAccessible(const void* pointer, size_t bytes) {
  Allocation allocation;
  if (!FindAllocation(pointer, &allocation)) return false;
  return bytes <= allocation.end() - Address(pointer);
}

void AddAllocation(Allocation allocation) { Registry::Get().Add(allocation); }

bool RemoveAllocation(const void* base, Allocation* removed) {
  return Registry::Get().Take(
      Address(base), [](const Allocation&) { return true; }, removed);
}

}  // namespace rankle::vgpu
