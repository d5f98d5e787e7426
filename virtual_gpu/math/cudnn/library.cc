// What cuDNN says about itself: versions and error texts.
#include <cstddef>
#include <cstdio>

#include "virtual_gpu/math/action.h"
#include "virtual_gpu/math/cudnn/descriptors.h"

using namespace rankle::vgpu::math;

namespace {

constexpr int kVersion[] = {9, 19, 0};  // the cuDNN that PyTorch 2.11's CUDA wheel is built with

constexpr struct {
  int status;
  const char* name;
} kStatusNames[] = {
    {0, "CUDNN_STATUS_SUCCESS"},
    {kCudnn.no_handle, "CUDNN_STATUS_NOT_INITIALIZED"},
    {kCudnn.invalid_value, "CUDNN_STATUS_BAD_PARAM"},
    {2002, "CUDNN_STATUS_BAD_PARAM_NULL_POINTER"},
    {2004, "CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED"},
    {kCudnn.not_supported, "CUDNN_STATUS_NOT_SUPPORTED"},
    {4000, "CUDNN_STATUS_INTERNAL_ERROR"},
    {kCudnn.failed, "CUDNN_STATUS_EXECUTION_FAILED"},
};

}  // namespace

namespace rankle::vgpu::math {

size_t CudnnElementSize(int data_type) {
  switch (data_type) {
    case 3:   // INT8
    case 6:   // UINT8
    case 11:  // BOOLEAN
    case 12:  // FP8_E4M3
    case 13:  // FP8_E5M2
      return 1;
    case 2:  // HALF
    case 9:  // BFLOAT16
      return 2;
    case 0:  // FLOAT
    case 4:  // INT32
      return 4;
    case 1:   // DOUBLE
    case 10:  // INT64
      return 8;
    default:
      return 0;
  }
}

}  // namespace rankle::vgpu::math

extern "C" {

size_t cudnnGetVersion() { return kVersion[0] * 10000 + kVersion[1] * 100 + kVersion[2]; }
size_t cudnnGetMaxDeviceVersion() { return 900; }
size_t cudnnGetCudartVersion() { return 13000; }

int cudnnGetProperty(int property, int* value) {
  if (value == nullptr || property < 0 || property > 2) return kCudnn.invalid_value;
  *value = kVersion[property];
  return 0;
}

const char* cudnnGetErrorString(int status) {
  for (const auto& entry : kStatusNames) {
    if (entry.status == status) return entry.name;
  }
  return "CUDNN_UNKNOWN_STATUS";
}

// The statuses tell everything there is to say.
void cudnnGetLastErrorString(char* message, size_t size) {
  if (message != nullptr && size > 0) snprintf(message, size, "%s", "");
}

int cudnnGetStream(void* handle, void** stream) {
  const auto found = Handles().Find(handle);
  if (found == nullptr) return kCudnn.no_handle;
  if (stream == nullptr) return kCudnn.invalid_value;
  *stream = found->stream;
  return 0;
}

}  // extern "C"
