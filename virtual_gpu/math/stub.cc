#include "virtual_gpu/math/stub.h"

#include <cstdio>

namespace rankle::vgpu::math {

long NotSupported(const char* function, std::atomic<bool>* named, long result) {
  if (!named->exchange(true)) fprintf(stderr, "rankle: virtual GPU: %s is not supported\n", function);
  return result;
}

}  // namespace rankle::vgpu::math
