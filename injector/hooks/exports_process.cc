// The functions of the C library and of the C++ runtime that librankle.so stands in front of: fork, the ways
// to end, and throw. Each notes the event and goes on to the next definition in search order.
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include <initializer_list>
#include <typeinfo>

#include "injector/hooks/dlsym.h"
#include "injector/hooks/export.h"
#include "injector/hooks/process_events.h"

namespace rankle::hooks {
namespace {

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(NextDlsym(RTLD_NEXT, name));
}

// The program's C++ runtime may have been loaded with dlopen, out of RTLD_NEXT's sight.
template <typename Function>
Function* NextOfRuntime(const char* name) {
  if (auto* found = Next<Function>(name)) return found;
  for (const char* file : {"libstdc++.so.6", "libc++abi.so.1"}) {
    void* handle = dlopen(file, RTLD_NOLOAD | RTLD_LAZY);
    if (handle == nullptr) continue;
    if (void* found = NextDlsym(handle, name)) return reinterpret_cast<Function*>(found);
  }
  return nullptr;
}

}  // namespace
}  // namespace rankle::hooks

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
  rankle::hooks::NextOfRuntime<void(void*, std::type_info*, void (*)(void*))>("__cxa_throw")(exception, type,
                                                                                             destroy);
  __builtin_unreachable();
}

}  // extern "C"
