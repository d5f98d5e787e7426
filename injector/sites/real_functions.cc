#include "injector/sites/real_functions.h"

#include <dlfcn.h>
#include <errno.h>

#include "injector/hooks/cxx_runtime.h"
#include "injector/hooks/elf_lookup.h"

namespace rankle::sites {

constinit std::atomic<void*> g_real[kCallCount];

namespace {

constinit thread_local bool t_resolving __attribute__((tls_model("initial-exec"))) = false;

}  // namespace

void* Resolve(size_t slot) {
  const char* const name = kCalls[slot].symbol.data();
  const int saved = errno;
  void* found = nullptr;
  if (t_resolving) {
    found = hooks::FindInLoadedLibrary("libc.so", name);
  } else {
    t_resolving = true;
    found = dlsym(RTLD_NEXT, name);
    t_resolving = false;
  }
  if (found != nullptr) g_real[slot].store(found, std::memory_order_relaxed);
  errno = saved;
  return found;
}

void ResolveAll() {
  for (size_t slot = 0; slot < kCallCount; ++slot) Resolve(slot);
}

void* RuntimeFunction(const char* name, const void* caller) {
  return hooks::FindInCxxRuntime(name, dlsym, caller);
}

}  // namespace rankle::sites
