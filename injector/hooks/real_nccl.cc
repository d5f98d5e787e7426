#include "injector/hooks/real_nccl.h"

#include <atomic>

#include "injector/hooks/symbols.h"

namespace rankle::hooks {
namespace {

RealNccl g_nccl;
std::atomic<bool> g_resolved{false};

template <typename Function>
void Find(Function& function, const char* name) {
  const int slot = FindSymbol(name);
  std::atomic_ref(function).store(reinterpret_cast<Function>(RealFunction(static_cast<size_t>(slot))));
}

}  // namespace

const RealNccl& Nccl() {
  if (g_resolved.load(std::memory_order_acquire)) return g_nccl;
  // Several threads may do this at once: they store the same values.
  Find(g_nccl.user_rank, "ncclCommUserRank");
  Find(g_nccl.count, "ncclCommCount");
  Find(g_nccl.device, "ncclCommCuDevice");
  g_resolved.store(true, std::memory_order_release);
  return g_nccl;
}

void SetRealNcclForTest(const RealNccl& nccl) {
  g_nccl = nccl;
  g_resolved.store(true, std::memory_order_release);
}

}  // namespace rankle::hooks
