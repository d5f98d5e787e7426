#include "virtual_gpu/engine/kernel_observer.h"

#include <atomic>

#include "virtual_gpu/engine/device.h"
#include "virtual_gpu/engine/observe_kernel.h"
#include "virtual_gpu/engine/stream.h"

namespace rankle::vgpu {
namespace {

std::atomic<void (*)(const RankleVgpuKernelRun*)> g_observer{nullptr};

}  // namespace

void ObserveKernel(const Stream& stream, const Operation& operation, uint64_t start_ns, uint64_t end_ns) {
  const auto observer = g_observer.load(std::memory_order_acquire);
  if (observer == nullptr || operation.kind() != NodeKind::kKernel) return;
  const RankleVgpuKernelRun run{operation.name(), stream.device().index(), stream.id(), start_ns, end_ns};
  observer(&run);
}

}  // namespace rankle::vgpu

void rankleVgpuObserveKernels(void (*observer)(const RankleVgpuKernelRun*)) {
  rankle::vgpu::g_observer.store(observer, std::memory_order_release);
}
