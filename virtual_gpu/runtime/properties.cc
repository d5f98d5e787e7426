// cudaGetDeviceProperties of CUDA 13 (the one of CUDA 12 has another layout: compat12.cc).
#include "virtual_gpu/runtime/properties.h"

#include <cstdio>

#include "virtual_gpu/engine/device_attributes.h"
#include "virtual_gpu/runtime/call.h"

using namespace rankle::vgpu;

#if RANKLE_CUDART_VERSION >= 13000
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int index) {
  return runtime::Call([&]() -> Error {
    Device* device = Engine::Get().device(index);
    if (device == nullptr) return cudaErrorInvalidDevice;
    if (properties == nullptr) return cudaErrorInvalidValue;
    runtime::FillProperties(*device, properties);
    return cudaSuccess;
  });
}
#endif
