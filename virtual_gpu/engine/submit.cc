#include "virtual_gpu/engine/submit.h"

#include <mutex>

#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/engine.h"

namespace rankle::vgpu {

Error Submit(const std::shared_ptr<Stream>& stream, OperationPtr operation, uint64_t* ticket) {
  if (ticket != nullptr) *ticket = 0;
  if (stream->capturing.load(std::memory_order_acquire)) {
    std::unique_lock lock(CaptureLock());
    if (stream->capture != nullptr && !stream->capture->invalidated) operation->Accept();
    if (stream->capture != nullptr) return CaptureOperation(*stream, std::move(operation));
  }
  if (stream->kind() == StreamKind::kLegacy) {
    if (const Error error = RefuseWhileAnyCaptures(stream->device(), cudaErrorStreamCaptureImplicit))
      return error;
  }
  operation->Accept();
  const uint64_t queued = stream->Enqueue(std::move(operation));
  if (ticket != nullptr) *ticket = queued;
  return cudaSuccess;
}

Error SubmitTo(const void* stream_handle, OperationPtr operation) {
  std::shared_ptr<Stream> stream;
  if (const Error error = FindStream(stream_handle, &stream)) return error;
  return Submit(stream, std::move(operation));
}

}  // namespace rankle::vgpu
