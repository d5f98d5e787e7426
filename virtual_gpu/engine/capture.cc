#include "virtual_gpu/engine/capture.h"

#include <algorithm>
#include <atomic>

#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/event.h"

namespace rankle::vgpu {
namespace {

std::atomic<uint64_t> g_next_capture_id{1};
std::atomic<int> g_active_captures{0};
thread_local cudaStreamCaptureMode t_mode = cudaStreamCaptureModeGlobal;

std::vector<std::shared_ptr<Capture>>& ActiveCaptures() {
  static auto* captures = new std::vector<std::shared_ptr<Capture>>;
  return *captures;
}

void Join(Capture& capture, const std::shared_ptr<Stream>& stream, const std::shared_ptr<Capture>& self) {
  capture.tails[stream];
  stream->capture = self;
  stream->capturing = true;
}

// A node that no later node depends on and that the origin stream does not end with was never joined.
bool HasUnjoinedWork(const Capture& capture) {
  const NodeList& joined = capture.tails.at(capture.origin);
  for (const auto& [stream, tail] : capture.tails) {
    if (stream == capture.origin) continue;
    for (const auto& node : tail) {
      bool reached = std::find(joined.begin(), joined.end(), node) != joined.end();
      for (const auto& other : capture.graph->nodes()) {
        for (const auto& dependency : other->dependencies) reached |= dependency.lock() == node;
      }
      if (!reached) return true;
    }
  }
  return false;
}

void Finish(const std::shared_ptr<Capture>& capture) {
  for (const auto& [stream, tail] : capture->tails) {
    stream->capture = nullptr;
    stream->capturing = false;
  }
  auto& active = ActiveCaptures();
  active.erase(std::remove(active.begin(), active.end(), capture), active.end());
  --g_active_captures;
}

Error Begin(CUstream_st* handle, cudaStreamCaptureMode mode, std::shared_ptr<Graph> graph, NodeList start) {
  std::shared_ptr<Stream> stream;
  if (const Error error = FindStream(handle, &stream)) return error;
  if (mode < cudaStreamCaptureModeGlobal || mode > cudaStreamCaptureModeRelaxed) return cudaErrorInvalidValue;
  if (stream->kind() == StreamKind::kLegacy) return cudaErrorStreamCaptureUnsupported;
  std::unique_lock lock(CaptureLock());
  if (stream->capture != nullptr) return cudaErrorIllegalState;
  auto capture = std::make_shared<Capture>();
  capture->id = g_next_capture_id++;
  capture->graph_is_foreign = graph != nullptr;
  capture->graph = graph != nullptr ? std::move(graph) : std::make_shared<Graph>();
  // A live handle from the start: nodes may be added to it while the capture goes on.
  if (!capture->graph_is_foreign) Engine::Get().graphs.Add(capture->graph);
  capture->origin = stream;
  capture->mode = mode;
  capture->owner = std::this_thread::get_id();
  Join(*capture, stream, capture);
  capture->tails[stream] = std::move(start);
  ActiveCaptures().push_back(std::move(capture));
  ++g_active_captures;
  return cudaSuccess;
}

}  // namespace

std::mutex& CaptureLock() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}

Error CaptureOperation(Stream& stream, OperationPtr operation) {
  Capture& capture = *stream.capture;
  if (capture.invalidated) return cudaErrorStreamCaptureInvalidated;
  auto& tail = capture.tails[stream.shared_from_this()];
  GraphNode node;
  node.kind = operation->kind();
  node.operation = std::move(operation);
  tail = {capture.graph->Add(std::move(node), tail)};
  return cudaSuccess;
}

Error CaptureEventNode(Stream& stream, NodeKind kind, std::shared_ptr<Event> event) {
  Capture& capture = *stream.capture;
  if (capture.invalidated) return cudaErrorStreamCaptureInvalidated;
  auto& tail = capture.tails[stream.shared_from_this()];
  GraphNode node;
  node.kind = kind;
  node.event = std::move(event);
  tail = {capture.graph->Add(std::move(node), tail)};
  return cudaSuccess;
}

Error CaptureEventRecord(Stream& stream, Event& event) {
  if (stream.capture->invalidated) return cudaErrorStreamCaptureInvalidated;
  event.capture = stream.capture;
  event.captured_nodes = stream.capture->tails[stream.shared_from_this()];
  return cudaSuccess;
}

Error CaptureEventWait(const std::shared_ptr<Stream>& stream, Event& event) {
  const std::shared_ptr<Capture> capture = event.capture.lock();
  if (capture->invalidated) return cudaErrorStreamCaptureInvalidated;
  if (stream->kind() == StreamKind::kLegacy) return cudaErrorStreamCaptureImplicit;
  if (stream->capture != nullptr && stream->capture != capture) {
    capture->invalidated = stream->capture->invalidated = true;
    return cudaErrorStreamCaptureMerge;
  }
  if (stream->capture == nullptr) Join(*capture, stream, capture);
  auto& tail = capture->tails[stream];
  for (const auto& node : event.captured_nodes) {
    if (std::find(tail.begin(), tail.end(), node) == tail.end()) tail.push_back(node);
  }
  return cudaSuccess;
}

Error RefuseCapturedEvent(Event& event) {
  if (g_active_captures == 0) return cudaSuccess;
  std::unique_lock lock(CaptureLock());
  const std::shared_ptr<Capture> capture = event.capture.lock();
  if (capture == nullptr) return cudaSuccess;
  capture->invalidated = true;
  return cudaErrorCapturedEvent;
}

void ForgetCapture(Event& event) {
  if (!AnyCaptureActive()) return;
  std::unique_lock lock(CaptureLock());
  event.capture.reset();
  event.captured_nodes.clear();
}

bool AnyCaptureActive() { return g_active_captures.load(std::memory_order_acquire) > 0; }

Error BeginCapture(CUstream_st* stream, cudaStreamCaptureMode mode) {
  return Begin(stream, mode, nullptr, {});
}

Error BeginCaptureToGraph(CUstream_st* stream, CUgraph_st* handle, const cudaGraphNode_t* dependencies,
                          size_t count, cudaStreamCaptureMode mode) {
  std::shared_ptr<Graph> graph = Engine::Get().graphs.Find(handle);
  NodeList start;
  if (graph == nullptr) return cudaErrorInvalidValue;
  if (const Error error = FindNodes(dependencies, count, &start)) return error;
  return Begin(stream, mode, std::move(graph), std::move(start));
}

Error EndCapture(CUstream_st* handle, CUgraph_st** graph) {
  std::shared_ptr<Stream> stream;
  if (graph == nullptr) return cudaErrorInvalidValue;
  if (const Error error = FindStream(handle, &stream)) return error;
  std::unique_lock lock(CaptureLock());
  const std::shared_ptr<Capture> capture = stream->capture;
  *graph = nullptr;
  if (capture == nullptr) return cudaErrorIllegalState;
  if (capture->origin != stream) return cudaErrorStreamCaptureUnmatched;
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->owner != std::this_thread::get_id()) {
    return cudaErrorStreamCaptureWrongThread;
  }
  const bool unjoined = !capture->invalidated && HasUnjoinedWork(*capture);
  Finish(capture);
  if (capture->invalidated || unjoined) {
    if (!capture->graph_is_foreign) Engine::Get().graphs.Take(capture->graph.get());
    return capture->invalidated ? cudaErrorStreamCaptureInvalidated : cudaErrorStreamCaptureUnjoined;
  }
  *graph = reinterpret_cast<CUgraph_st*>(capture->graph.get());
  return cudaSuccess;
}

Error GetCaptureInfo(CUstream_st* handle, CaptureInfo* info) {
  thread_local std::vector<cudaGraphNode_t> t_dependencies;
  std::shared_ptr<Stream> stream;
  if (const Error error = FindStream(handle, &stream)) return error;
  if (stream->kind() == StreamKind::kLegacy) {
    if (const Error error = RefuseWhileAnyCaptures(stream->device(), cudaErrorStreamCaptureImplicit))
      return error;
  }
  std::unique_lock lock(CaptureLock());
  *info = CaptureInfo();
  if (stream->capture == nullptr) return cudaSuccess;
  const Capture& capture = *stream->capture;
  info->status = capture.invalidated ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive;
  info->id = capture.id;
  info->graph = reinterpret_cast<CUgraph_st*>(capture.graph.get());
  t_dependencies.clear();
  for (const auto& node : capture.tails.at(stream)) {
    t_dependencies.push_back(reinterpret_cast<cudaGraphNode_t>(node.get()));
  }
  info->dependencies = t_dependencies.data();
  info->dependency_count = t_dependencies.size();
  return cudaSuccess;
}

Error UpdateCaptureDependencies(CUstream_st* handle, const cudaGraphNode_t* handles, size_t count,
                                bool replace) {
  std::shared_ptr<Stream> stream;
  NodeList nodes;
  if (const Error error = FindStream(handle, &stream)) return error;
  if (const Error error = FindNodes(handles, count, &nodes)) return error;
  std::unique_lock lock(CaptureLock());
  if (stream->capture == nullptr) return cudaErrorIllegalState;
  NodeList& tail = stream->capture->tails[stream];
  if (replace) tail.clear();
  tail.insert(tail.end(), nodes.begin(), nodes.end());
  return cudaSuccess;
}

Error RefuseWhileCapturing(Stream& stream) {
  if (!stream.capturing) return cudaSuccess;
  std::unique_lock lock(CaptureLock());
  if (stream.capture == nullptr) return cudaSuccess;
  stream.capture->invalidated = true;
  return cudaErrorStreamCaptureUnsupported;
}

Error RefuseWhileAnyCaptures(Device& device, Error error) {
  if (g_active_captures == 0) return cudaSuccess;
  std::unique_lock lock(CaptureLock());
  Error refused = cudaSuccess;
  for (const auto& capture : ActiveCaptures()) {
    // Only blocking streams are synchronised with the legacy stream; a wait for the whole device hits all of
    // them.
    const bool involved = error != cudaErrorStreamCaptureImplicit || capture->origin->blocking();
    if (&capture->origin->device() != &device || !involved) continue;
    capture->invalidated = true;
    refused = error;
  }
  return refused;
}

Error RefuseUnsafeCall() {
  if (g_active_captures == 0 || t_mode == cudaStreamCaptureModeRelaxed) return cudaSuccess;
  std::unique_lock lock(CaptureLock());
  Error refused = cudaSuccess;
  for (const auto& capture : ActiveCaptures()) {
    const bool own = capture->owner == std::this_thread::get_id();
    const bool forbids =
        (capture->mode == cudaStreamCaptureModeGlobal && (own || t_mode == cudaStreamCaptureModeGlobal)) ||
        (capture->mode == cudaStreamCaptureModeThreadLocal && own);
    if (!forbids) continue;
    capture->invalidated = true;
    refused = cudaErrorStreamCaptureUnsupported;
  }
  return refused;
}

Error ExchangeThreadCaptureMode(cudaStreamCaptureMode* mode) {
  if (mode == nullptr || *mode < cudaStreamCaptureModeGlobal || *mode > cudaStreamCaptureModeRelaxed) {
    return cudaErrorInvalidValue;
  }
  std::swap(*mode, t_mode);
  return cudaSuccess;
}

}  // namespace rankle::vgpu
