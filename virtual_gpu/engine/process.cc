#include "virtual_gpu/engine/process.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace rankle::vgpu {
namespace {

std::atomic<bool> g_forked_child{false};
std::atomic<bool> g_exiting{false};

}  // namespace

void WatchForkAndExit() {
  pthread_atfork(nullptr, nullptr, [] { g_forked_child.store(true, std::memory_order_relaxed); });
  std::atexit([] { g_exiting.store(true, std::memory_order_release); });
}

bool InForkedChild() { return g_forked_child.load(std::memory_order_relaxed); }

bool ProcessExiting() { return g_exiting.load(std::memory_order_acquire); }

void ParkIfExiting() {
  while (ProcessExiting()) pause();
}

}  // namespace rankle::vgpu
