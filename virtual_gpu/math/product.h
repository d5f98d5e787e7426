// One matrix product, or a batch of them, as cuBLAS and cuBLASLt describe it: C = alpha op(A) op(B) + beta C,
// columns first.
#pragma once

#include <library_types.h>

#include <cstddef>
#include <cstdint>

namespace rankle::vgpu::math {

// cublasOperation_t
enum Transposed : int { kNo = 0, kYes = 1, kConjugate = 2 };

struct Operand {
  const void* at =
      nullptr;  // of the first matrix; with `array`, an array in device memory of one pointer for each
  cudaDataType type = CUDA_R_32F;
  int64_t leading = 0;  // elements from one column to the next
  int64_t stride = 0;   // elements from one matrix of the batch to the next
  int op = kNo;
};

struct Product {
  int64_t m = 0, n = 0, k = 0;
  int64_t batch = 1;
  bool array = false;  // pointers in arrays, not strides
  Operand a, b, c;
  const void *alpha = nullptr, *beta = nullptr;
  bool scalars_on_device = false;  // read when the product runs
};

// A negative size, an unknown operation, a leading dimension below the rows, a missing pointer: what cuBLAS
// refuses.
bool IsValid(const Product& product);

// An element's size in bytes; 0 for types narrower than a byte and unknown ones.
size_t ElementSize(cudaDataType type);

// Queues the product on the stream as a kernel of this name, and its computation when that is wanted and all
// types are float or all double. A matrix of which a device cannot reach every byte makes the kernel fail, as
// on a GPU: the device is lost with cudaErrorIllegalAddress. False when the device refuses the work. `name`
// lives as long as the process.
bool Queue(void* stream, const char* name, const Product& product);

}  // namespace rankle::vgpu::math
