// cuDNN's descriptors of tensors, filters and recurrent networks, as far as their values are asked for again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "virtual_gpu/math/action.h"
#include "virtual_gpu/math/handle.h"

namespace rankle::vgpu::math {

// Of tensors and of filters, which have a format instead of strides.
struct TensorDescriptor final : Handle {
  int data_type = 0;  // cudnnDataType_t
  int format = 0;
  std::vector<int> dimensions, strides;
};

struct RnnDescriptor final : Handle {
  int cell = 0;  // cudnnRNNMode_t
  int data_type = 0;
  bool has_bias = true;
  bool bidirectional = false;
  int input_size = 0, hidden_size = 0, projection_size = 0, layers = 0;
};

// Bytes of one element of a cudnnDataType_t; 0 when it is unknown.
size_t CudnnElementSize(int data_type);

}  // namespace rankle::vgpu::math
