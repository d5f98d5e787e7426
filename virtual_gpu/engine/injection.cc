#include "virtual_gpu/engine/injection.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace rankle::vgpu {
namespace {

void Load(const char* path) {
  void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  auto* const initialize =
      library == nullptr ? nullptr : reinterpret_cast<int (*)()>(dlsym(library, "InitializeInjection"));
  if (initialize == nullptr) {
    fprintf(stderr, "rankle: virtual GPU: CUDA_INJECTION64_PATH=%s: %s; ignored\n", path, dlerror());
    return;
  }
  initialize();
}

}  // namespace

void LoadInjectionOnce() {
  static std::atomic<bool> loaded{false};
  if (loaded.load(std::memory_order_relaxed) || loaded.exchange(true)) return;
  const char* const path = getenv("CUDA_INJECTION64_PATH");
  if (path != nullptr && *path != '\0') Load(path);
}

}  // namespace rankle::vgpu
