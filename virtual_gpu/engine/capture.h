// Stream capture: instead of running, a stream's work becomes nodes of a graph. The origin stream begins and
// ends the capture; other streams join by waiting for an event recorded in it and must be joined back the
// same way. One lock guards all captures of a process: they are rare and short.
#pragma once

#include <cuda_runtime_api.h>

#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "virtual_gpu/engine/error.h"
#include "virtual_gpu/engine/graph.h"
#include "virtual_gpu/engine/stream.h"

namespace rankle::vgpu {

class Capture {
 public:
  uint64_t id = 0;
  std::shared_ptr<Graph> graph;
  bool graph_is_foreign = false;  // cudaStreamBeginCaptureToGraph
  std::shared_ptr<Stream> origin;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id owner;
  bool invalidated = false;
  // What each captured stream's next node depends on.
  std::map<std::shared_ptr<Stream>, std::vector<std::shared_ptr<GraphNode>>> tails;
};

std::mutex& CaptureLock();

// Adds a node behind the stream's tail. CaptureLock() is held.
Error CaptureOperation(Stream& stream, OperationPtr operation);

Error BeginCapture(CUstream_st* stream, cudaStreamCaptureMode mode);
Error BeginCaptureToGraph(CUstream_st* stream, CUgraph_st* graph, const cudaGraphNode_t* dependencies,
                          size_t count, cudaStreamCaptureMode mode);
Error EndCapture(CUstream_st* stream, CUgraph_st** graph);

struct CaptureInfo {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  unsigned long long id = 0;
  CUgraph_st* graph = nullptr;
  const cudaGraphNode_t* dependencies = nullptr;  // valid until the calling thread asks again
  size_t dependency_count = 0;
};
Error GetCaptureInfo(CUstream_st* stream, CaptureInfo* info);
Error UpdateCaptureDependencies(CUstream_st* stream, const cudaGraphNode_t* nodes, size_t count,
                                bool replace);

// Events under capture. CaptureLock() is held.
Error CaptureEventRecord(Stream& stream, Event& event);
Error CaptureEventWait(const std::shared_ptr<Stream>& stream, Event& event);
// Adds an event node: recording or waiting happens at every launch (the *External flags).
Error CaptureEventNode(Stream& stream, NodeKind kind, std::shared_ptr<Event> event);

// The event was recorded outside captures: it means that from now on.
void ForgetCapture(Event& event);

// False when no stream of the process captures: then nothing here needs to be asked.
bool AnyCaptureActive();

// An event that was recorded in a capture has no state that the host could ask for.
Error RefuseCapturedEvent(Event& event);

// Refuses a call that would synchronise with work that is being captured, and invalidates that capture.
Error RefuseWhileCapturing(Stream& stream);
// The same for calls that touch a whole device or the legacy stream.
Error RefuseWhileAnyCaptures(Device& device, Error error);
// Refuses calls such as cudaMalloc when the thread's capture mode forbids them.
Error RefuseUnsafeCall();
Error ExchangeThreadCaptureMode(cudaStreamCaptureMode* mode);

}  // namespace rankle::vgpu
