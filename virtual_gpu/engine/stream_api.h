// Streams as the application handles them.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>

#include "virtual_gpu/engine/device.h"
#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/error.h"

namespace rankle::vgpu {

Error StreamCreate(Device& device, unsigned flags, int priority, CUstream_st** stream);
Error StreamDestroy(CUstream_st* stream);
Error StreamSynchronize(CUstream_st* stream);
Error StreamQuery(CUstream_st* stream);
Error StreamGetAttribute(CUstream_st* stream, cudaLaunchAttributeID attribute,
                         cudaLaunchAttributeValue* value);
// cudaDeviceSynchronize.
Error DeviceSynchronize(Device& device);

template <typename Fact, typename Read>
Error StreamFact(CUstream_st* handle, Fact* fact, Read read) {
  std::shared_ptr<Stream> stream;
  if (fact == nullptr) return cudaErrorInvalidValue;
  if (const Error error = FindStream(handle, &stream)) return error;
  *fact = read(*stream);
  return cudaSuccess;
}

}  // namespace rankle::vgpu
