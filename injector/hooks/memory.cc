#include "injector/hooks/memory.h"

#include "injector/api/table.h"
#include "injector/hooks/allocations.h"
#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

constexpr int kDeviceBits = 6;
constexpr uint32_t kDevices = 1u << kDeviceBits;

// Address -> bytes << 6 | device.
PointerMap<uint64_t, 1u << 17> g_allocations;
std::atomic<uint64_t> g_in_use[kDevices];
std::atomic<uint64_t> g_total{0};

void WriteMemoryRecord(uint32_t device, uint64_t in_use) {
  Process& process = TheProcess();
  if (!process.writer.is_open()) return;
  process.writer.header()->memory_in_use.store(g_total.load(std::memory_order_relaxed),
                                               std::memory_order_relaxed);
  record::NewRecord record;
  record.kind = record::Kind::kMemory;
  record.entered_ns = MonotonicNs();
  record.count = in_use;
  record.peer = static_cast<int32_t>(device);
  process.writer.Write(record);
}

}  // namespace

bool IsDeviceAllocation(const HookCall& call) {
  switch (call.info->id) {
    case api::IdOf("cudaMallocHost"):
    case api::IdOf("cudaHostAlloc"):
    case api::IdOf("cuMemAllocHost"):
    case api::IdOf("cuMemHostAlloc"):
      return false;
    default:
      return call.In(api::kMalloc) && call.info->args.bytes >= 0;
  }
}

void NoteAllocated(const void* address, uint64_t bytes) {
  int device = 0;
  if (Cuda().get_device == nullptr || Cuda().get_device(&device) != 0 || device < 0) device = 0;
  device %= kDevices;
  g_allocations.Insert(address, bytes << kDeviceBits | static_cast<uint32_t>(device));
  g_total.fetch_add(bytes, std::memory_order_relaxed);
  WriteMemoryRecord(static_cast<uint32_t>(device),
                    g_in_use[device].fetch_add(bytes, std::memory_order_relaxed) + bytes);
}

void NoteFreed(const void* address) {
  TheAllocations().Remove(address);
  const uint64_t entry = g_allocations.Erase(address, 0);
  if (entry == 0) return;
  const uint64_t bytes = entry >> kDeviceBits;
  const auto device = static_cast<uint32_t>(entry & (kDevices - 1));
  g_total.fetch_sub(bytes, std::memory_order_relaxed);
  WriteMemoryRecord(device, g_in_use[device].fetch_sub(bytes, std::memory_order_relaxed) - bytes);
}

uint64_t MemoryInUse() { return g_total.load(std::memory_order_relaxed); }

void ResetMemory() {
  g_allocations.Clear();
  TheAllocations().Clear();
  g_total.store(0, std::memory_order_relaxed);
  for (auto& in_use : g_in_use) in_use.store(0, std::memory_order_relaxed);
}

}  // namespace rankle::hooks
