#include "virtual_gpu/engine/unsupported.h"

#include <cstdio>

namespace rankle::vgpu {

void NameUnsupported(const char* function, std::atomic<bool>* named) {
  if (named->exchange(true)) return;
  fprintf(stderr, "rankle: virtual GPU: %s is not supported\n", function);
}

}  // namespace rankle::vgpu
