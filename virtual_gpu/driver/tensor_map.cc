// Tensor maps: descriptions of tensors for the copy engines of a GPU, which only kernels read. Here no kernel
// does; the map is filled with zeros.
#include "virtual_gpu/driver/call.h"

using namespace rankle::vgpu;

namespace {

constexpr cuuint32_t kMostDimensions = 5;

CUresult Encode(CUtensorMap* map, cuuint32_t rank, const void* address, const cuuint64_t* sizes) {
  return driver::Call([&]() -> Error {
    if (map == nullptr || address == nullptr || sizes == nullptr || rank < 1 || rank > kMostDimensions)
      return cudaErrorInvalidValue;
    *map = CUtensorMap{};
    return cudaSuccess;
  });
}

}  // namespace

CUresult cuTensorMapEncodeTiled(CUtensorMap* map, CUtensorMapDataType, cuuint32_t rank, void* address,
                                const cuuint64_t* sizes, const cuuint64_t*, const cuuint32_t*,
                                const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle,
                                CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  return Encode(map, rank, address, sizes);
}

CUresult cuTensorMapEncodeIm2col(CUtensorMap* map, CUtensorMapDataType, cuuint32_t rank, void* address,
                                 const cuuint64_t* sizes, const cuuint64_t*, const int*, const int*,
                                 cuuint32_t, cuuint32_t, const cuuint32_t*, CUtensorMapInterleave,
                                 CUtensorMapSwizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  return Encode(map, rank, address, sizes);
}
