#include "virtual_gpu/math/host_blas.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace rankle::vgpu::math {
namespace {

// OpenBLAS is many times faster than the reference BLAS; Debian's libblas.so.3 may be either.
constexpr const char* kNames[] = {"libopenblas.so.0", "libblas.so.3"};

void* HostBlas() {
  static void* const library = [] {
    for (const char* name : kNames) {
      if (void* found = dlopen(name, RTLD_NOW | RTLD_LOCAL); found != nullptr) return found;
    }
    fprintf(stderr,
            "rankle: virtual GPU: RANKLE_VGPU_MATH=compute: neither libopenblas.so.0 nor libblas.so.3 was "
            "found: install one "
            "(Debian: libblas3), or unset the variable\n");
    return static_cast<void*>(nullptr);
  }();
  return library;
}

}  // namespace

bool ComputeIsWanted() {
  static const bool wanted = [] {
    const char* value = std::getenv("RANKLE_VGPU_MATH");
    return value != nullptr && std::strcmp(value, "compute") == 0;
  }();
  return wanted;
}

bool HostBlasIsReady() { return HostBlas() != nullptr; }

void* HostBlasFunction(const char* name) { return dlsym(HostBlas(), name); }

}  // namespace rankle::vgpu::math
