// Device properties, in the layout of the version that is being built.
#include "virtual_gpu/runtime/properties.h"

#include "virtual_gpu/runtime/call.h"
#include "virtual_gpu/runtime/properties12.h"

using namespace rankle::vgpu;

namespace {

template <typename Properties>
cudaError_t PropertiesCall(Properties* properties, int index) {
  return runtime::Call([&]() -> Error {
    Device* device = Engine::Get().device(index);
    if (device == nullptr) return cudaErrorInvalidDevice;
    if (properties == nullptr) return cudaErrorInvalidValue;
    runtime::FillProperties(*device, properties);
    return cudaSuccess;
  });
}

}  // namespace

#if RANKLE_CUDART_VERSION >= 13000
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return PropertiesCall(properties, device);
}
#else
extern "C" cudaError_t cudaGetDeviceProperties_v2(runtime::DeviceProp12* properties, int device) {
  const cudaError_t error = PropertiesCall(properties, device);
  if (error != cudaSuccess) return error;
  properties->clockRate = kClockKhz;
  properties->memoryClockRate = kMemoryClockKhz;
  properties->deviceOverlap = 1;
  properties->singleToDoublePrecisionPerfRatio = 2;
  return cudaSuccess;
}
#endif
