// The functions that librankle.so stands in front of: their exported names, our wrappers, and the real
// functions.
//
// The real function is looked for once, on first use: the profiling alias (pncclX), then the next library in
// search order (RTLD_NEXT), then what dlsym has handed out to the program, then the library under its known
// names if it is loaded. When there is none, the wrapper returns an error and says so once on stderr; nothing
// aborts.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "injector/api/api.h"

namespace rankle::hooks {

struct Symbol {
  const char* name;  // exported name, e.g. "cuMemAlloc_v2"
  uint16_t api;
  api::Library library;
  void* wrapper;
};

// All of them, generated; ordered by name.
struct SymbolTable {
  const Symbol* symbols;
  size_t size;
  std::atomic<void*>* real;  // one for each symbol; nullptr = not looked for yet
};
extern const SymbolTable kSymbols;

// The real function of a symbol, nullptr when the process has none. Fast when it is known.
void* ResolveReal(size_t slot);
inline void* RealFunction(size_t slot) {
  void* real = kSymbols.real[slot].load(std::memory_order_acquire);
  return real != nullptr ? real : ResolveReal(slot);
}

// Says once on stderr that nothing loaded has this function.
void ReportMissing(size_t slot);

// The slot of an exported name, -1 when it is none of ours.
int FindSymbol(std::string_view name);

// Our wrapper for a real function of the driver that an entry-point query has answered, or the function
// itself.
void* WrapperForDriverFunction(void* real);

// Is the code at this address part of NCCL or CUDA (and must get the real functions when it asks)?
bool IsInsideCudaLibrary(const void* address);

// Finds a function of the CUDA runtime or driver that is loaded, past our own wrappers.
void* FindInLibrary(api::Library library, const char* name);

}  // namespace rankle::hooks
