// `swap`: a call is held back until the process's next call at which the same fault is aimed, and made after
// it. One call is held at a time. It is copied whole, so only functions that take no pointer to the caller's
// own variables can be held: operations and asynchronous copies.
#include <string.h>

#include <atomic>

#include "injector/hooks/inject.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

enum : uint32_t { kEmpty, kFilling, kWaiting, kTaken };
constexpr uint32_t kMaxFrame = 256, kMaxArguments = 16;

struct Held {
  std::atomic<uint32_t> state{kEmpty};
  uint16_t fault = 0;
  HookCall call;
  Handler handler = nullptr;
  alignas(16) unsigned char frame[kMaxFrame] = {};
  void* arguments[kMaxArguments] = {};
};
constinit Held g_held;

}  // namespace

bool Hold(const HookCall& call, Handler handler, const plan::Decision& decision) {
  const bool copyable = call.IsOperation() || (call.In(api::kMemcpy) && !call.info->blocking);
  if (!copyable || call.frame_bytes > kMaxFrame || call.argument_count > kMaxArguments) return false;
  uint32_t empty = kEmpty;
  if (!g_held.state.compare_exchange_strong(empty, kFilling)) return false;
  memcpy(g_held.frame, call.frame, call.frame_bytes);
  for (uint32_t i = 0; i < call.argument_count; ++i) {
    g_held.arguments[i] = g_held.frame + (static_cast<unsigned char*>(call.arguments[i]) -
                                          static_cast<unsigned char*>(call.frame));
  }
  g_held.call = call;
  g_held.call.frame = g_held.frame;
  g_held.call.arguments = g_held.arguments;
  g_held.handler = handler;
  g_held.fault = decision.fault;
  g_held.state.store(kWaiting, std::memory_order_release);
  return true;
}

bool TakeHeld(const HookCall& call, uint16_t* fault) {
  if (g_held.state.load(std::memory_order_acquire) != kWaiting) return false;
  const uint16_t api = call.info->id;
  const plan::ArmedFault& aimed = TheProcess().plan.fault(g_held.fault);
  if ((aimed.apis[api / 64] >> (api % 64) & 1) == 0) return false;
  uint32_t waiting = kWaiting;
  if (!g_held.state.compare_exchange_strong(waiting, kTaken)) return false;
  *fault = g_held.fault;
  return true;
}

void RunTakenHeld() {
  g_held.handler(g_held.call);
  g_held.state.store(kEmpty, std::memory_order_release);
}

}  // namespace rankle::hooks
