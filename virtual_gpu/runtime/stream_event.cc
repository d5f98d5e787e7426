// Streams, events, host functions and stream capture of the runtime API.
#include <cstdint>

#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/event.h"
#include "virtual_gpu/engine/kernel.h"
#include "virtual_gpu/engine/stream_api.h"
#include "virtual_gpu/engine/submit.h"
#include "virtual_gpu/runtime/call.h"

using namespace rankle::vgpu;
using runtime::Call;
using runtime::DeviceCall;

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithPriority(stream, cudaStreamDefault, 0);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  return DeviceCall([&](Device& device) { return StreamCreate(device, flags, priority, stream); });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return Call([&] { return StreamDestroy(stream); });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return Call([&] { return StreamSynchronize(stream); });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return Call([&] { return StreamQuery(stream); });
}

cudaError_t cudaStreamGetPriority(cudaStream_t stream, int* priority) {
  return Call([&] { return StreamFact(stream, priority, [](Stream& s) { return s.priority(); }); });
}

cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned* flags) {
  return Call([&] {
    return StreamFact(stream, flags, [](Stream& s) {
      return s.kind() == StreamKind::kNonBlocking ? unsigned{cudaStreamNonBlocking}
                                                  : unsigned{cudaStreamDefault};
    });
  });
}

cudaError_t cudaStreamGetId(cudaStream_t stream, unsigned long long* id) {
  return Call([&] { return StreamFact(stream, id, [](Stream& s) -> unsigned long long { return s.id(); }); });
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  return Call([&] { return StreamFact(stream, device, [](Stream& s) { return s.device().index(); }); });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  return Call([&] { return StreamWaitEvent(stream, event, flags); });
}

cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void* argument,
                                  unsigned flags) {
  return Call(
      [&] { return flags != 0 ? cudaErrorInvalidValue : AddStreamCallback(stream, callback, argument); });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* argument) {
  return Call([&] { return LaunchHostFunction(stream, function, argument); });
}

// Managed memory is visible everywhere at all times.
cudaError_t cudaStreamAttachMemAsync(cudaStream_t stream, void*, size_t, unsigned) {
  return Call([&] { return SubmitTo(stream, std::make_shared<Marker>()); });
}

cudaError_t cudaStreamGetAttribute(cudaStream_t stream, cudaLaunchAttributeID attribute,
                                   cudaLaunchAttributeValue* value) {
  return Call([&] { return StreamGetAttribute(stream, attribute, value); });
}

// Accepted and forgotten: attributes only tune performance.
cudaError_t cudaStreamSetAttribute(cudaStream_t stream, cudaLaunchAttributeID,
                                   const cudaLaunchAttributeValue* value) {
  return Call([&]() -> Error {
    std::shared_ptr<Stream> found;
    return value == nullptr ? cudaErrorInvalidValue : FindStream(stream, &found);
  });
}

cudaError_t cudaStreamCopyAttributes(cudaStream_t dst, cudaStream_t src) {
  return Call([&]() -> Error {
    std::shared_ptr<Stream> found;
    if (const Error error = FindStream(src, &found)) return error;
    return FindStream(dst, &found);
  });
}

cudaError_t cudaCtxResetPersistingL2Cache() {
  return DeviceCall([](Device&) { return cudaSuccess; });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return DeviceCall([&](Device&) { return EventCreate(flags, event); });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return Call([&] { return EventDestroy(event); });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return Call([&] { return EventRecordOn(event, stream, 0); });
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  return Call([&] { return EventRecordOn(event, stream, flags); });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return Call([&] { return EventQuery(event); });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return Call([&] { return EventSynchronize(event); });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return Call([&] { return EventElapsedMs(milliseconds, start, end); });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return Call([&] { return BeginCapture(stream, mode); });
}

cudaError_t cudaStreamBeginCaptureToGraph(cudaStream_t stream, cudaGraph_t graph,
                                          const cudaGraphNode_t* dependencies, const cudaGraphEdgeData*,
                                          size_t count, cudaStreamCaptureMode mode) {
  return Call([&] { return BeginCaptureToGraph(stream, graph, dependencies, count, mode); });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return Call([&] { return EndCapture(stream, graph); });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return Call([&]() -> Error {
    CaptureInfo info;
    if (status == nullptr) return cudaErrorInvalidValue;
    if (const Error error = GetCaptureInfo(stream, &info)) return error;
    *status = info.status;
    return cudaSuccess;
  });
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return Call([&] { return ExchangeThreadCaptureMode(mode); });
}
