// The functions of the C library and of the C++ runtime that librankle.so stands in front of: fork, the ways
// to end, and throw. Each notes the event and goes on to the next definition in search order.
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include <typeinfo>

#include "injector/hooks/cxx_runtime.h"
#include "injector/hooks/dlsym.h"
#include "injector/hooks/export.h"
#include "injector/hooks/leaving.h"
#include "injector/hooks/process.h"
#include "injector/hooks/process_events.h"

namespace rankle::hooks {
namespace {

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(NextDlsym(RTLD_NEXT, name));
}

}  // namespace
}  // namespace rankle::hooks

namespace rankle {

void LeaveHookByJump() { hooks::LeaveHook(); }
void* NextFunction(const char* name) { return hooks::NextDlsym(RTLD_NEXT, name); }

}  // namespace rankle

extern "C" {

using rankle::hooks::Next;

RANKLE_EXPORT pid_t fork() noexcept {
  const pid_t child = Next<pid_t()>("fork")();
  if (child > 0) rankle::hooks::OnForkedParent(child);
  return child;
}

RANKLE_EXPORT void abort() noexcept {
  rankle::hooks::OnAbort();
  Next<void()>("abort")();
  __builtin_unreachable();
}

RANKLE_EXPORT void _exit(int status) {
  rankle::hooks::OnExit(status);
  Next<void(int)>("_exit")(status);
  __builtin_unreachable();
}

RANKLE_EXPORT void _Exit(int status) noexcept {
  rankle::hooks::OnExit(status);
  Next<void(int)>("_Exit")(status);
  __builtin_unreachable();
}

RANKLE_EXPORT void quick_exit(int status) noexcept {
  rankle::hooks::OnExit(status);
  Next<void(int)>("quick_exit")(status);
  __builtin_unreachable();
}

RANKLE_EXPORT void __cxa_throw(void* exception, std::type_info* type, void (*destroy)(void*)) {
  rankle::hooks::OnThrow(type, type->name());
  using Throw = void (*)(void*, std::type_info*, void (*)(void*));
  void* const next =
      rankle::hooks::FindInCxxRuntime("__cxa_throw", rankle::hooks::NextDlsym, __builtin_return_address(0));
  reinterpret_cast<Throw>(next)(exception, type, destroy);
  __builtin_unreachable();
}

}  // extern "C"
