// The functions of the C++ runtime: where exceptions come from, and where they are caught. They are observed
// and can be delayed; what is thrown stays what the program throws.
#include <dlfcn.h>
#include <stdlib.h>

#include <typeinfo>

#include "injector/hooks/export.h"
#include "injector/hooks/leaving.h"
#include "injector/sites/intercept.h"

namespace rankle::sites {
namespace {

constexpr Call kThrow = {"__cxa_throw", api::IdOf("__cxa_throw")};
constexpr Call kCatch = {"__cxa_begin_catch", api::IdOf("__cxa_begin_catch")};

// Looked up once; in a process without a C++ runtime never.
void* Runtime(std::atomic<void*>& known, const char* name, const void* caller) {
  void* found = known.load(std::memory_order_relaxed);
  if (found == nullptr) known.store(found = RuntimeFunction(name, caller), std::memory_order_relaxed);
  return found;
}

constinit std::atomic<void*> g_throw{nullptr}, g_catch{nullptr}, g_current_type{nullptr};

Outcome TypeOutcome(const std::type_info* type) {
  const char* const name = type != nullptr ? type->name() : "(foreign)";
  return {OutcomeKind::kType, TheProcess().recorder.NameSlot(name)};
}

Outcome ThrownType(const Visit& visit, int64_t, int) {
  return TypeOutcome(static_cast<const std::type_info*>(visit.frame));
}

struct CatchFrame {
  void* (*real)(void*);
  void* exception;
  void* adjusted = nullptr;
  static int64_t Invoke(void* frame) {
    auto* const self = static_cast<CatchFrame*>(frame);
    self->adjusted = self->real(self->exception);
    return 0;
  }
};

Outcome CaughtType(const Visit& visit, int64_t, int) {
  void* const current = Runtime(g_current_type, "__cxa_current_exception_type",
                                reinterpret_cast<const void*>(visit.at.address));
  return TypeOutcome(current == nullptr ? nullptr : reinterpret_cast<std::type_info* (*)()>(current)());
}

}  // namespace

extern "C" {

// The exception may leave a hook without returning through it: no hook of this thread is entered from here
// on.
RANKLE_EXPORT void __cxa_throw(void* exception, std::type_info* type, void (*destroy)(void*)) {
  const void* const address = __builtin_return_address(0);
  const auto* const words = static_cast<const uint64_t*>(__builtin_frame_address(0));
  LeaveHook();
  if (IsOn() && EnterHook(words)) {
    Visit visit;
    visit.call = &kThrow;
    visit.at = {reinterpret_cast<uint64_t>(address), words};
    visit.invoke = [](void*) -> int64_t { return 0; };
    visit.frame = type;
    visit.outcome = ThrownType;
    Run(visit);
    LeaveHook();
  }
  using Throw = void (*)(void*, std::type_info*, void (*)(void*));
  if (void* const real = Runtime(g_throw, "__cxa_throw", address))
    reinterpret_cast<Throw>(real)(exception, type, destroy);
  abort();
}

RANKLE_EXPORT void* __cxa_begin_catch(void* exception) noexcept {
  const void* const address = __builtin_return_address(0);
  const auto* const words = static_cast<const uint64_t*>(__builtin_frame_address(0));
  void* const found = Runtime(g_catch, "__cxa_begin_catch", address);
  if (found == nullptr) abort();
  CatchFrame frame{reinterpret_cast<void* (*)(void*)>(found), exception};
  if (!IsOn() || !EnterHook(words)) return frame.real(exception);
  Visit visit;
  visit.call = &kCatch;
  visit.at = {reinterpret_cast<uint64_t>(address), words};
  visit.invoke = &CatchFrame::Invoke;
  visit.frame = &frame;
  visit.outcome = CaughtType;
  Run(visit);
  LeaveHook();
  return frame.adjusted;
}

}  // extern "C"

}  // namespace rankle::sites

namespace rankle {

void LeaveHookByJump() { sites::LeaveHook(); }
void* NextFunction(const char* name) { return dlsym(RTLD_NEXT, name); }

}  // namespace rankle
