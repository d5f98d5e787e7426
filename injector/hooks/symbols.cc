#include "injector/hooks/symbols.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>

#include "injector/hooks/dlsym.h"
#include "injector/hooks/os.h"
#include "injector/hooks/thread_state.h"

namespace rankle::hooks {
namespace {

constexpr const char* kNcclFiles[] = {"libnccl.so.2", "libnccl.so"};
constexpr const char* kRuntimeFiles[] = {"libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0",
                                         "libcudart.so"};
constexpr const char* kDriverFiles[] = {"libcuda.so.1", "libcuda.so"};
// Whose own look-ups must get the real functions. "libcu" covers the runtime, driver, cuBLAS, cuDNN, CUPTI.
constexpr const char* kCudaFilePrefixes[] = {"libnccl", "libcu", "libnv", "librankle"};

// Symbols whose absence has been reported (or is being looked into).
std::atomic<bool> g_reported[1024];

void* InLoaded(const char* const* files, size_t count, const char* name) {
  for (size_t i = 0; i < count; ++i) {
    void* handle = dlopen(files[i], RTLD_NOLOAD | RTLD_LAZY);
    if (handle == nullptr) continue;
    void* found = NextDlsym(handle, name);
    dlclose(handle);
    if (found != nullptr) return found;
  }
  return nullptr;
}

void* InLibrary(api::Library library, const char* name) {
  switch (library) {
    case api::Library::kNccl:
      return InLoaded(kNcclFiles, std::size(kNcclFiles), name);
    case api::Library::kCudaRuntime:
      return InLoaded(kRuntimeFiles, std::size(kRuntimeFiles), name);
    case api::Library::kCudaDriver:
      return InLoaded(kDriverFiles, std::size(kDriverFiles), name);
    default:
      return nullptr;
  }
}

void* Look(const Symbol& symbol) {
  if (symbol.library == api::Library::kNccl) {
    char profiling[80];
    snprintf(profiling, sizeof(profiling), "p%s", symbol.name);
    if (void* found = NextDlsym(RTLD_NEXT, profiling)) return found;
    if (void* found = InLibrary(symbol.library, profiling)) return found;
  }
  if (void* found = NextDlsym(RTLD_NEXT, symbol.name)) return found;
  return InLibrary(symbol.library, symbol.name);
}

}  // namespace

void* FindInLibrary(api::Library library, const char* name) {
  const Quiet quiet;
  if (void* found = NextDlsym(RTLD_NEXT, name)) return found;
  return InLibrary(library, name);
}

void* ResolveReal(size_t slot) {
  const Symbol& symbol = kSymbols.symbols[slot];
  const Quiet quiet;
  if (void* real = Look(symbol)) {
    void* expected = nullptr;
    kSymbols.real[slot].compare_exchange_strong(expected, real, std::memory_order_acq_rel);
    return expected != nullptr ? expected : real;
  }
  return nullptr;
}

void ReportMissing(size_t slot) {
  if (slot >= std::size(g_reported) || g_reported[slot].exchange(true)) return;
  Message("no loaded library has this function, an error is returned instead: ", kSymbols.symbols[slot].name);
}

int FindSymbol(std::string_view name) {
  const Symbol* end = kSymbols.symbols + kSymbols.size;
  const Symbol* found = std::lower_bound(
      kSymbols.symbols, end, name,
      [](const Symbol& symbol, std::string_view wanted) { return std::string_view(symbol.name) < wanted; });
  return found == end || name != found->name ? -1 : static_cast<int>(found - kSymbols.symbols);
}

void* WrapperForDriverFunction(void* real) {
  for (size_t slot = 0; slot < kSymbols.size; ++slot) {
    if (kSymbols.symbols[slot].library == api::Library::kCudaDriver && RealFunction(slot) == real) {
      return kSymbols.symbols[slot].wrapper;
    }
  }
  return real;
}

bool IsInsideCudaLibrary(const void* address) {
  Dl_info info;
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return false;
  const char* slash = strrchr(info.dli_fname, '/');
  const char* file = slash != nullptr ? slash + 1 : info.dli_fname;
  return std::any_of(std::begin(kCudaFilePrefixes), std::end(kCudaFilePrefixes),
                     [&](const char* prefix) { return strncmp(file, prefix, strlen(prefix)) == 0; });
}

}  // namespace rankle::hooks
