// Streams, events, host functions, capture and graph launch of the driver API.
#include "virtual_gpu/driver/call.h"
#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/event.h"
#include "virtual_gpu/engine/graph_api.h"
#include "virtual_gpu/engine/kernel.h"
#include "virtual_gpu/engine/stream_api.h"

using namespace rankle::vgpu;
using driver::Call;
using driver::ContextCall;

namespace {

Error CaptureAnswer(CUstream stream, CUstreamCaptureStatus* status, cuuint64_t* id, CUgraph* graph,
                    const CUgraphNode** dependencies, size_t* count) {
  CaptureInfo info;
  if (status == nullptr) return cudaErrorInvalidValue;
  if (const Error error = GetCaptureInfo(stream, &info)) return error;
  *status = static_cast<CUstreamCaptureStatus>(info.status);
  if (id != nullptr) *id = info.id;
  if (graph != nullptr) *graph = info.graph;
  if (dependencies != nullptr) *dependencies = reinterpret_cast<const CUgraphNode*>(info.dependencies);
  if (count != nullptr) *count = info.dependency_count;
  return cudaSuccess;
}

Error UpdateDependencies(CUstream stream, CUgraphNode* nodes, size_t count, unsigned flags) {
  return UpdateCaptureDependencies(stream, reinterpret_cast<cudaGraphNode_t*>(nodes), count,
                                   flags == CU_STREAM_SET_CAPTURE_DEPENDENCIES);
}

}  // namespace

CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  return ContextCall([&](Device& device) { return StreamCreate(device, flags, 0, stream); });
}

CUresult cuStreamCreateWithPriority(CUstream* stream, unsigned flags, int priority) {
  return ContextCall([&](Device& device) { return StreamCreate(device, flags, priority, stream); });
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  return Call([&] { return StreamDestroy(stream); });
}

CUresult cuStreamSynchronize(CUstream stream) {
  return ContextCall([&](Device&) { return StreamSynchronize(stream); });
}

CUresult cuStreamQuery(CUstream stream) {
  return ContextCall([&](Device&) { return StreamQuery(stream); });
}

CUresult cuStreamGetPriority(CUstream stream, int* priority) {
  return ContextCall(
      [&](Device&) { return StreamFact(stream, priority, [](Stream& s) { return s.priority(); }); });
}

CUresult cuStreamGetFlags(CUstream stream, unsigned* flags) {
  return ContextCall([&](Device&) {
    return StreamFact(stream, flags, [](Stream& s) {
      return s.kind() == StreamKind::kNonBlocking ? unsigned{CU_STREAM_NON_BLOCKING}
                                                  : unsigned{CU_STREAM_DEFAULT};
    });
  });
}

CUresult cuStreamGetId(CUstream stream, unsigned long long* id) {
  return ContextCall([&](Device&) {
    return StreamFact(stream, id, [](Stream& s) -> unsigned long long { return s.id(); });
  });
}

CUresult cuStreamGetDevice(CUstream stream, CUdevice* device) {
  return ContextCall(
      [&](Device&) { return StreamFact(stream, device, [](Stream& s) { return s.device().index(); }); });
}

CUresult cuStreamGetCtx(CUstream stream, CUcontext* context) {
  return ContextCall([&](Device&) {
    return StreamFact(stream, context, [](Stream& s) {
      return reinterpret_cast<CUcontext>(Engine::Get().primary(s.device().index()));
    });
  });
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
  return ContextCall([&](Device&) { return StreamWaitEvent(stream, event, flags); });
}

CUresult cuStreamAddCallback(CUstream stream, CUstreamCallback callback, void* argument, unsigned) {
  return ContextCall([&](Device&) {
    return AddStreamCallback(stream, reinterpret_cast<void (*)(CUstream_st*, cudaError_t, void*)>(callback),
                             argument);
  });
}

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void* argument) {
  return ContextCall([&](Device&) { return LaunchHostFunction(stream, function, argument); });
}

CUresult cuStreamWriteValue32_v2(CUstream stream, CUdeviceptr address, cuuint32_t value, unsigned) {
  return cuMemsetD32Async(address, value, 1, stream);
}

CUresult cuEventCreate(CUevent* event, unsigned flags) {
  return ContextCall([&](Device&) { return EventCreate(flags, event); });
}

CUresult cuEventDestroy_v2(CUevent event) {
  return Call([&] { return EventDestroy(event); });
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  return ContextCall([&](Device&) { return EventRecordOn(event, stream, 0); });
}

CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned flags) {
  return ContextCall([&](Device&) { return EventRecordOn(event, stream, flags); });
}

CUresult cuEventQuery(CUevent event) {
  return Call([&] { return EventQuery(event); });
}

CUresult cuEventSynchronize(CUevent event) {
  return Call([&] { return EventSynchronize(event); });
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  return Call([&] { return EventElapsedMs(milliseconds, start, end); });
}

CUresult cuEventElapsedTime_v2(float* milliseconds, CUevent start, CUevent end) {
  return Call([&] { return EventElapsedMs(milliseconds, start, end); });
}

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  return ContextCall([&](Device&) { return BeginCapture(stream, static_cast<cudaStreamCaptureMode>(mode)); });
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  return ContextCall([&](Device&) { return EndCapture(stream, graph); });
}

CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status) {
  return ContextCall(
      [&](Device&) { return CaptureAnswer(stream, status, nullptr, nullptr, nullptr, nullptr); });
}

CUresult cuStreamGetCaptureInfo(CUstream stream, CUstreamCaptureStatus* status, cuuint64_t* id) {
  return ContextCall([&](Device&) { return CaptureAnswer(stream, status, id, nullptr, nullptr, nullptr); });
}

CUresult cuStreamGetCaptureInfo_v2(CUstream stream, CUstreamCaptureStatus* status, cuuint64_t* id,
                                   CUgraph* graph, const CUgraphNode** dependencies, size_t* count) {
  return ContextCall([&](Device&) { return CaptureAnswer(stream, status, id, graph, dependencies, count); });
}

CUresult cuStreamGetCaptureInfo_v3(CUstream stream, CUstreamCaptureStatus* status, cuuint64_t* id,
                                   CUgraph* graph, const CUgraphNode** dependencies,
                                   const CUgraphEdgeData** edges, size_t* count) {
  if (edges != nullptr) *edges = nullptr;
  return ContextCall([&](Device&) { return CaptureAnswer(stream, status, id, graph, dependencies, count); });
}

CUresult cuStreamUpdateCaptureDependencies(CUstream stream, CUgraphNode* nodes, size_t count,
                                           unsigned flags) {
  return ContextCall([&](Device&) { return UpdateDependencies(stream, nodes, count, flags); });
}

CUresult cuStreamUpdateCaptureDependencies_v2(CUstream stream, CUgraphNode* nodes, const CUgraphEdgeData*,
                                              size_t count, unsigned flags) {
  return ContextCall([&](Device&) { return UpdateDependencies(stream, nodes, count, flags); });
}

CUresult cuGraphCreate(CUgraph* graph, unsigned) {
  return Call([&] { return GraphCreate(graph); });
}

CUresult cuGraphDestroy(CUgraph graph) {
  return Call([&] { return GraphDestroy(graph); });
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long) {
  return ContextCall([&](Device&) { return GraphInstantiate(exec, graph); });
}

CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  return ContextCall([&](Device&) { return GraphLaunch(exec, stream); });
}

CUresult cuGraphExecDestroy(CUgraphExec exec) {
  return Call([&] { return GraphExecDestroy(exec); });
}

CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode* nodes, size_t* count) {
  return Call([&] { return GraphNodes(graph, reinterpret_cast<cudaGraphNode_t*>(nodes), count, false); });
}

CUresult cuGraphAddHostNode(CUgraphNode* out, CUgraph graph, const CUgraphNode* dependencies, size_t count,
                            const CUDA_HOST_NODE_PARAMS* parameters) {
  return ContextCall([&](Device&) -> Error {
    if (parameters == nullptr || parameters->fn == nullptr) return cudaErrorInvalidValue;
    GraphNode node;
    node.kind = NodeKind::kHost;
    node.operation = MakeHostFunction(parameters->fn, parameters->userData);
    return GraphAddOperation(graph, reinterpret_cast<const cudaGraphNode_t*>(dependencies), count,
                             std::move(node), out);
  });
}
