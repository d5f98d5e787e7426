// Stream capture and graph launch: operations captured once run at every launch.
#include "injector/hooks/captures.h"
#include "injector/hooks/handlers.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"
#include "injector/hooks/trace.h"

namespace rankle::hooks {

int OnBeginCapture(HookCall& call) {
  const int result = TracePlain(call);
  if (result == 0) TheProcess().captures.fetch_add(1, std::memory_order_relaxed);
  return result;
}

int OnEndCapture(HookCall& call) {
  const uint64_t capture = CaptureOf(call.stream());
  const int result = TracePlain(call);
  std::atomic<uint32_t>& captures = TheProcess().captures;
  if (capture != 0 && captures.load(std::memory_order_relaxed) != 0)
    captures.fetch_sub(1, std::memory_order_relaxed);
  auto* const* graph = call.Argument<void* const*>(1);
  CaptureEnded(capture, result == 0 && graph != nullptr ? *graph : nullptr);
  return result;
}

int OnGraphCopy(HookCall& call) {
  const int result = TracePlain(call);
  auto* const* copy = call.Argument<void* const*>(0);
  if (result == 0 && copy != nullptr) GraphCopied(call.Argument<void*>(1), *copy);
  return result;
}

int OnGraphLaunch(HookCall& call) {
  const void* graph = call.Argument<void*>(0);
  if (OperationsOf(graph) == nullptr || CaptureOf(call.stream()) != 0) return TracePlain(call);
  Process& process = TheProcess();
  const uint64_t entered = MonotonicNs();
  const cudaStream_t stream = call.stream();
  Span* span = process.writer.is_open() ? process.times.Start(stream, -1) : nullptr;
  const int result = TracePlain(call);
  if (result != 0) {
    if (span != nullptr) process.times.Cancel(span);
    return result;
  }
  if (span != nullptr && !process.times.End(span, stream)) span = nullptr;
  RecordGraphReplay(call, graph, entered, span);
  if (span != nullptr) process.times.Release(span);
  return result;
}

int OnGraphDestroy(HookCall& call) {
  GraphForgotten(call.Argument<void*>(0));
  return TracePlain(call);
}

}  // namespace rankle::hooks
