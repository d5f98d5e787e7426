// cuBLAS's copies of vectors and matrices between host and device: real copies, in stream order, as
// cudaMemcpy2DAsync.
#include <cuda.h>

#include <cstdint>

#include "virtual_gpu/math/cublas/handle.h"

using namespace rankle::vgpu::math;

namespace {

struct Block {
  int64_t width, rows, size;  // `rows` times `width` elements of `size` bytes
  const void* from;
  int64_t from_pitch;  // elements
  void* to;
  int64_t to_pitch;
};

int Copy(const Block& block, CUstream stream, bool wait) {
  if (block.width < 0 || block.rows < 0 || block.size <= 0 || block.from_pitch <= 0 || block.to_pitch <= 0)
    return kCublas.invalid_value;
  if (block.width == 0 || block.rows == 0) return 0;
  if (block.from == nullptr || block.to == nullptr) return kCublas.invalid_value;
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = copy.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
  copy.srcDevice = reinterpret_cast<CUdeviceptr>(block.from);
  copy.dstDevice = reinterpret_cast<CUdeviceptr>(block.to);
  copy.srcPitch = static_cast<size_t>(block.from_pitch * block.size);
  copy.dstPitch = static_cast<size_t>(block.to_pitch * block.size);
  copy.WidthInBytes = static_cast<size_t>(block.width * block.size);
  copy.Height = static_cast<size_t>(block.rows);
  if (cuMemcpy2DAsync(&copy, stream) != CUDA_SUCCESS) return kCublas.failed;
  if (wait && cuStreamSynchronize(stream) != CUDA_SUCCESS) return kCublas.failed;
  return 0;
}

}  // namespace

#define RANKLE_COPY(direction, Int, suffix)                                                                 \
  extern "C" int cublas##direction##Vector##suffix(Int n, Int size, const void* x, Int incx, void* y,       \
                                                   Int incy) {                                              \
    return Copy({1, n, size, x, incx, y, incy}, nullptr, true);                                             \
  }                                                                                                         \
  extern "C" int cublas##direction##VectorAsync##suffix(Int n, Int size, const void* x, Int incx, void* y,  \
                                                        Int incy, CUstream stream) {                        \
    return Copy({1, n, size, x, incx, y, incy}, stream, false);                                             \
  }                                                                                                         \
  extern "C" int cublas##direction##Matrix##suffix(Int rows, Int columns, Int size, const void* a, Int lda, \
                                                   void* b, Int ldb) {                                      \
    return Copy({rows, columns, size, a, lda, b, ldb}, nullptr, true);                                      \
  }                                                                                                         \
  extern "C" int cublas##direction##MatrixAsync##suffix(Int rows, Int columns, Int size, const void* a,     \
                                                        Int lda, void* b, Int ldb, CUstream stream) {       \
    return Copy({rows, columns, size, a, lda, b, ldb}, stream, false);                                      \
  }
RANKLE_COPY(Set, int, )
RANKLE_COPY(Get, int, )
RANKLE_COPY(Set, int64_t, _64)
RANKLE_COPY(Get, int64_t, _64)
#undef RANKLE_COPY
