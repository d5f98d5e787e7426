// Copies and fills: checked against what the pointers point at, then run in stream order.
// "Synchronous" follows CUDA: a copy between device and host memory returns when it is done, one inside
// device memory when it is queued. Asynchronous copies from pageable host memory read their source before
// they return; those to pageable host memory return when done.
#pragma once

#include <cstddef>

#include "virtual_gpu/engine/error.h"
#include "virtual_gpu/engine/operation.h"

namespace rankle::vgpu {

// A box of bytes: `depth` slices of `height` rows of `width` bytes.
struct CopyBox {
  void* dst = nullptr;
  const void* src = nullptr;
  size_t width = 0;
  size_t height = 1;
  size_t depth = 1;
  size_t dst_pitch = 0;  // bytes from row to row
  size_t src_pitch = 0;
  size_t dst_slice = 0;  // bytes from slice to slice
  size_t src_slice = 0;
};

struct FillBox {
  void* dst = nullptr;
  unsigned value = 0;
  size_t element_bytes = 1;  // 1, 2 or 4
  size_t width = 0;          // in elements
  size_t height = 1;
  size_t depth = 1;
  size_t pitch = 0;
  size_t slice = 0;
};

enum class Blocking { kNo, kYes };

Error Copy(const CopyBox& box, cudaMemcpyKind kind, CUstream_st* stream, Blocking blocking);
Error Fill(const FillBox& box, CUstream_st* stream, Blocking blocking);

// The operations alone, for graph nodes.
Error MakeCopy(const CopyBox& box, cudaMemcpyKind kind, OperationPtr* operation);
Error MakeFill(const FillBox& box, OperationPtr* operation);

inline CopyBox LinearCopy(void* dst, const void* src, size_t bytes) {
  CopyBox box;
  box.dst = dst;
  box.src = src;
  box.width = bytes;
  return box;
}

}  // namespace rankle::vgpu
