#include "virtual_gpu/engine/stream_api.h"

#include <algorithm>
#include <cstring>

#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/device_facts.h"

namespace rankle::vgpu {

Error StreamCreate(Device& device, unsigned flags, int priority, CUstream_st** stream) {
  if (stream == nullptr || (flags & ~unsigned{cudaStreamNonBlocking}) != 0) return cudaErrorInvalidValue;
  const StreamKind kind = flags == cudaStreamNonBlocking ? StreamKind::kNonBlocking : StreamKind::kBlocking;
  priority = std::clamp(priority, kGreatestStreamPriority, kLeastStreamPriority);
  *stream = static_cast<CUstream_st*>(Engine::Get().streams.Add(device.CreateStream(kind, priority)));
  return cudaSuccess;
}

Error StreamDestroy(CUstream_st* handle) {
  const std::shared_ptr<Stream> stream = Engine::Get().streams.Take(handle);
  if (stream == nullptr) return cudaErrorInvalidResourceHandle;
  stream->device().RetireStream(stream);
  return cudaSuccess;
}

Error StreamSynchronize(CUstream_st* handle) {
  std::shared_ptr<Stream> stream;
  if (const Error error = FindStream(handle, &stream)) return error;
  if (const Error error = RefuseWhileCapturing(*stream)) return error;
  if (stream->kind() == StreamKind::kLegacy) {
    if (const Error error = RefuseWhileAnyCaptures(stream->device(), cudaErrorStreamCaptureImplicit))
      return error;
    // Everything that later legacy work would wait for.
    stream->Enqueue(std::make_shared<Marker>());
  }
  return stream->Wait(stream->last_ticket());
}

Error StreamQuery(CUstream_st* handle) {
  std::shared_ptr<Stream> stream;
  if (const Error error = FindStream(handle, &stream)) return error;
  if (const Error error = RefuseWhileCapturing(*stream)) return error;
  bool idle = stream->Idle();
  if (stream->kind() == StreamKind::kLegacy) {
    stream->device().ForEachBlockingStream([&](const auto& other) { idle &= other->Idle(); });
  }
  return idle ? cudaSuccess : cudaErrorNotReady;
}

Error StreamGetAttribute(CUstream_st* handle, cudaLaunchAttributeID attribute,
                         cudaLaunchAttributeValue* value) {
  std::shared_ptr<Stream> stream;
  if (value == nullptr) return cudaErrorInvalidValue;
  if (const Error error = FindStream(handle, &stream)) return error;
  memset(value, 0, sizeof(*value));
  if (attribute == cudaLaunchAttributePriority) value->priority = stream->priority();
  return cudaSuccess;
}

Error DeviceSynchronize(Device& device) {
  if (const Error error = RefuseWhileAnyCaptures(device, cudaErrorStreamCaptureUnsupported)) return error;
  return device.Synchronize();
}

}  // namespace rankle::vgpu
