// The real functions behind the wrappers of librankle-libc.so.
//
// All are looked up when the library is loaded. A call that comes earlier (constructors of libraries that the
// loader runs before ours, allocators) has its function looked up on the spot, with dlsym or, where dlsym
// itself led to the call, by reading libc's symbol table.
#pragma once

#include <atomic>
#include <cstddef>

#include "injector/sites/calls.h"

namespace rankle::sites {

extern constinit std::atomic<void*> g_real[kCallCount];

// nullptr when no library of the process has it.
void* Resolve(size_t slot);
inline void* RealFunction(size_t slot) {
  void* const known = g_real[slot].load(std::memory_order_relaxed);
  return known != nullptr ? known : Resolve(slot);
}

void ResolveAll();

// Of the program's C++ runtime, which may have been loaded with dlopen, out of RTLD_NEXT's sight.
void* RuntimeFunction(const char* name, const void* caller);

}  // namespace rankle::sites
