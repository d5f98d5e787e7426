// Tensor and filter descriptors with any number of dimensions.
#include <algorithm>

#include "virtual_gpu/math/cudnn/descriptors.h"

using namespace rankle::vgpu::math;

namespace {

constexpr int kMostDimensions = 8;  // CUDNN_DIM_MAX

int Set(void* descriptor, int data_type, int format, int count, const int* dimensions, const int* strides) {
  const auto found = Find<TensorDescriptor>(descriptor);
  if (found == nullptr || count < 1 || count > kMostDimensions || dimensions == nullptr)
    return kCudnn.invalid_value;
  if (CudnnElementSize(data_type) == 0) return kCudnn.invalid_value;
  if (std::any_of(dimensions, dimensions + count, [](int size) { return size <= 0; }))
    return kCudnn.invalid_value;
  found->data_type = data_type;
  found->format = format;
  found->dimensions.assign(dimensions, dimensions + count);
  found->strides.assign(count, 1);
  for (int i = count - 2; i >= 0; --i) found->strides[i] = found->strides[i + 1] * dimensions[i + 1];
  if (strides != nullptr) found->strides.assign(strides, strides + count);
  return 0;
}

// Writes what there is room for; null pointers are passed over.
void Write(const std::vector<int>& values, int room, int* to) {
  if (to != nullptr)
    std::copy_n(values.begin(), std::min<size_t>(values.size(), static_cast<size_t>(room)), to);
}

template <typename T>
void Write(T value, T* to) {
  if (to != nullptr) *to = value;
}

}  // namespace

extern "C" {

int cudnnCreateTensorDescriptor(void** descriptor) {
  if (descriptor == nullptr) return kCudnn.invalid_value;
  Create<TensorDescriptor>(descriptor);
  return 0;
}

int cudnnCreateFilterDescriptor(void** descriptor) { return cudnnCreateTensorDescriptor(descriptor); }

int cudnnSetTensorNdDescriptor(void* descriptor, int data_type, int count, const int* dimensions,
                               const int* strides) {
  if (strides == nullptr) return kCudnn.invalid_value;
  return Set(descriptor, data_type, 0, count, dimensions, strides);
}

int cudnnSetFilterNdDescriptor(void* descriptor, int data_type, int format, int count,
                               const int* dimensions) {
  return Set(descriptor, data_type, format, count, dimensions, nullptr);
}

int cudnnGetTensorNdDescriptor(void* descriptor, int requested, int* data_type, int* count, int* dimensions,
                               int* strides) {
  const auto found = Find<TensorDescriptor>(descriptor);
  if (found == nullptr || requested < 0) return kCudnn.invalid_value;
  Write(found->data_type, data_type);
  Write(static_cast<int>(found->dimensions.size()), count);
  Write(found->dimensions, requested, dimensions);
  Write(found->strides, requested, strides);
  return 0;
}

int cudnnGetFilterNdDescriptor(void* descriptor, int requested, int* data_type, int* format, int* count,
                               int* dimensions) {
  const auto found = Find<TensorDescriptor>(descriptor);
  if (found == nullptr || requested < 0) return kCudnn.invalid_value;
  Write(found->format, format);
  return cudnnGetTensorNdDescriptor(descriptor, requested, data_type, count, dimensions, nullptr);
}

}  // extern "C"
