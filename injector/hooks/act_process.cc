// The process ends, is signalled, or gets an exception out of a call.
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "injector/hooks/cxx_runtime.h"
#include "injector/hooks/dlsym.h"
#include "injector/hooks/inject.h"
#include "injector/hooks/process.h"
#include "injector/hooks/signal_self.h"

namespace rankle::hooks {
namespace {

// The exception types that can be thrown: a constructor from text, or (bad_alloc) only a vtable.
struct ExceptionType {
  const char* name;
  const char* type_info;
  const char* constructor;
  const char* destructor;
  const char* vtable;
};
constexpr ExceptionType kTypes[] = {
    {"std::runtime_error", "_ZTISt13runtime_error", "_ZNSt13runtime_errorC1EPKc", "_ZNSt13runtime_errorD1Ev",
     nullptr},
    {"std::logic_error", "_ZTISt11logic_error", "_ZNSt11logic_errorC1EPKc", "_ZNSt11logic_errorD1Ev",
     nullptr},
    {"std::invalid_argument", "_ZTISt16invalid_argument", "_ZNSt16invalid_argumentC1EPKc",
     "_ZNSt16invalid_argumentD1Ev", nullptr},
    {"std::out_of_range", "_ZTISt12out_of_range", "_ZNSt12out_of_rangeC1EPKc", "_ZNSt12out_of_rangeD1Ev",
     nullptr},
    {"std::bad_alloc", "_ZTISt9bad_alloc", nullptr, "_ZNSt9bad_allocD1Ev", "_ZTVSt9bad_alloc"},
};

const ExceptionType& TypeNamed(const char* name) {
  for (const ExceptionType& type : kTypes) {
    if (strcmp(type.name, name) == 0 || strcmp(type.name + 5, name) == 0) return type;
  }
  return kTypes[0];
}

// The C++ runtime may lie where only those who loaded it look: in Python, say.
void* InProcess(const char* name) {
  if (name == nullptr) return nullptr;
  if (void* const found = NextDlsym(RTLD_DEFAULT, name)) return found;
  return FindInLoaded("libstdc++.so.6", name, NextDlsym);
}

}  // namespace

void EndProcess(const plan::Decision& decision) {
  LeaveHook();  // exit handlers may call NCCL and CUDA, and that is to be seen
  if (decision.action == plan::Action::kAbort) abort();
  exit(static_cast<int>(decision.details->result));
}

bool SendSignal(const plan::Decision& decision) {
  return SignalSelf(static_cast<int>(decision.details->result), decision.time_ns);
}

// The exception is made by the process's own C++ runtime: ours is linked statically and its types would not
// be caught.
bool ThrowException(const plan::Decision& decision) {
  const plan::ArmedPlan& plan = TheProcess().plan;
  const ExceptionType& type = TypeNamed(plan.text(decision.details->exception_type));
  const char* what = plan.text(decision.details->exception_what);
  const auto allocate = reinterpret_cast<void* (*)(size_t)>(InProcess("__cxa_allocate_exception"));
  const auto raise = reinterpret_cast<void (*)(void*, void*, void (*)(void*))>(InProcess("__cxa_throw"));
  void* type_info = InProcess(type.type_info);
  const auto construct = reinterpret_cast<void (*)(void*, const char*)>(InProcess(type.constructor));
  const auto destroy = reinterpret_cast<void (*)(void*)>(InProcess(type.destructor));
  auto* vtable = static_cast<char*>(InProcess(type.vtable));
  if (allocate == nullptr || raise == nullptr || type_info == nullptr || destroy == nullptr) return false;
  if (construct == nullptr && vtable == nullptr) return false;
  constexpr size_t kLargest = 64;  // of the types above in every libstdc++
  void* exception = allocate(kLargest);
  if (construct != nullptr) {
    construct(exception, what[0] != '\0' ? what : "injected by rankle");
  } else {
    *static_cast<void**>(exception) = vtable + 2 * sizeof(void*);
  }
  LeaveHook();
  raise(exception, type_info, destroy);
  __builtin_unreachable();
}

}  // namespace rankle::hooks
