// Faults of a Python process: its interpreter's lock is held, an exception is raised. Python is asked through
// its stable C functions, found in the process; nothing is linked.
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "injector/hooks/dlsym.h"
#include "injector/hooks/inject.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

template <typename Function>
Function OfPython(const char* name) {
  return reinterpret_cast<Function>(NextDlsym(RTLD_DEFAULT, name));
}

struct Python {
  int (*ensure)() = OfPython<int (*)()>("PyGILState_Ensure");
  void (*release)(int) = OfPython<void (*)(int)>("PyGILState_Release");
  int (*is_initialized)() = OfPython<int (*)()>("Py_IsInitialized");
  bool IsThere() const { return ensure != nullptr && release != nullptr && is_initialized != nullptr; }
};

// A thread like one of an extension module that runs long without letting the lock go.
void* Hold(void* nanoseconds) {
  const Quiet quiet;
  const Python python;
  if (python.is_initialized() == 0) return nullptr;
  const int state = python.ensure();
  SleepUntil(MonotonicNs() + reinterpret_cast<uintptr_t>(nanoseconds));
  python.release(state);
  return nullptr;
}

constexpr const char* kExceptions[] = {"RuntimeError", "ValueError", "OSError", "MemoryError",
                                       "StopIteration"};

}  // namespace

bool HoldInterpreterLock(const plan::Decision& decision) {
  if (!Python().IsThere()) return false;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, Hold, reinterpret_cast<void*>(uintptr_t{decision.time_ns})) != 0)
    return false;
  pthread_detach(thread);
  return true;
}

bool RaisePythonException(const plan::Decision& decision) {
  const plan::ArmedPlan& plan = TheProcess().plan;
  const char* type = plan.text(decision.details->exception_type);
  const char* what = plan.text(decision.details->exception_what);
  const char* symbol = "PyExc_RuntimeError";
  char name[64] = "PyExc_";
  for (const char* known : kExceptions) {
    if (strcmp(known, type) == 0) symbol = strcat(name, known);
  }
  const auto set = OfPython<void (*)(void*, const char*)>("PyErr_SetString");
  const auto* exception = OfPython<void* const*>(symbol);
  if (set == nullptr || exception == nullptr) return false;
  set(*exception, what[0] != '\0' ? what : "injected by rankle");
  return true;
}

}  // namespace rankle::hooks
