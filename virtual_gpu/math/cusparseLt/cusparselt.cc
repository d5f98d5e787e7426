// cuSPARSELt: products with 2:4 sparse matrices. Its handles, descriptors and plans are memory of the
// program; only a sparse matrix' shape is kept in it, for the size of the compressed form. The other
// functions are in functions/cusparseLt.txt.
#include <library_types.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "virtual_gpu/math/action.h"
#include "virtual_gpu/math/launch.h"
#include "virtual_gpu/math/product.h"

using namespace rankle::vgpu::math;

namespace {

// Starts a cusparseLtMatDescriptor_t (512 bytes of the program's).
struct SparseShape {
  int64_t rows, columns;
  cudaDataType type;
};

int Run(const void* handle, const void* plan, void* const* streams, int32_t stream_count, const char* name) {
  if (handle == nullptr) return kCusparseLt.no_handle;
  if (plan == nullptr || stream_count < 0 || (stream_count > 0 && streams == nullptr))
    return kCusparseLt.invalid_value;
  return Launch(stream_count > 0 ? streams[0] : nullptr, name) ? 0 : kCusparseLt.failed;
}

}  // namespace

extern "C" {

int cusparseLtStructuredDescriptorInit(const void* handle, void* descriptor, int64_t rows, int64_t columns,
                                       int64_t, uint32_t, cudaDataType type, int, int) {
  if (handle == nullptr) return kCusparseLt.no_handle;
  if (descriptor == nullptr || rows <= 0 || columns <= 0) return kCusparseLt.invalid_value;
  if (ElementSize(type) == 0) return kCusparseLt.not_supported;
  const SparseShape shape{rows, columns, type};
  std::memcpy(descriptor, &shape, sizeof(shape));
  return 0;
}

// Half of the elements, and two bits for each that say where it was.
int cusparseLtSpMMACompressedSize2(const void* handle, const void* descriptor, size_t* size,
                                   size_t* buffer_size) {
  if (handle == nullptr) return kCusparseLt.no_handle;
  if (descriptor == nullptr || size == nullptr || buffer_size == nullptr) return kCusparseLt.invalid_value;
  SparseShape shape;
  std::memcpy(&shape, descriptor, sizeof(shape));
  const auto kept = static_cast<size_t>(shape.rows * shape.columns / 2);
  *size = kept * ElementSize(shape.type) + (kept + 3) / 4;
  *buffer_size = 0;
  return 0;
}

int cusparseLtSpMMACompress2(const void* handle, const void* descriptor, int, int, const void* dense,
                             void* compressed, void*, void* stream) {
  if (handle == nullptr) return kCusparseLt.no_handle;
  if (descriptor == nullptr || dense == nullptr || compressed == nullptr) return kCusparseLt.invalid_value;
  return Launch(stream, "cusparseLtSpMMACompress") ? 0 : kCusparseLt.failed;
}

int cusparseLtMatmul(const void* handle, const void* plan, const void*, const void*, const void*, const void*,
                     const void*, void*, void*, void* const* streams, int32_t stream_count) {
  return Run(handle, plan, streams, stream_count, "cusparseLtMatmul");
}

int cusparseLtMatmulSearch(const void* handle, void* plan, const void*, const void*, const void*, const void*,
                           const void*, void*, void*, void* const* streams, int32_t stream_count) {
  return Run(handle, plan, streams, stream_count, "cusparseLtMatmulSearch");
}

// All attributes of an algorithm are numbers: the first of one.
int cusparseLtMatmulAlgGetAttribute(const void* handle, const void* selection, int, void* value,
                                    size_t size) {
  if (handle == nullptr) return kCusparseLt.no_handle;
  if (selection == nullptr || value == nullptr) return kCusparseLt.invalid_value;
  std::memset(value, 0, size);
  return 0;
}

}  // extern "C"
