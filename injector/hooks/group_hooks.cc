// ncclGroupStart/End: what was issued inside a group is enqueued when the outermost group ends.
#include "injector/hooks/creations.h"
#include "injector/hooks/handlers.h"
#include "injector/hooks/inject.h"
#include "injector/hooks/misuse.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"
#include "injector/hooks/trace.h"

namespace rankle::hooks {

using record::State;
using record::Writer;

namespace {

// One pair of events for each stream of the group.
struct GroupSpans {
  static constexpr uint32_t kMax = 64;
  struct {
    cudaStream_t stream;
    Span* span;
  } of[kMax];
  uint32_t size = 0;

  Span** Find(cudaStream_t stream) {
    for (uint32_t i = 0; i < size; ++i) {
      if (of[i].stream == stream) return &of[i].span;
    }
    return nullptr;
  }
};

void StartSpans(const ThreadState& thread, GroupSpans& spans) {
  DeviceTimes& times = TheProcess().times;
  if (!times.enabled()) return;
  for (uint32_t i = 0; i < thread.operations; ++i) {
    const GroupedOperation& operation = thread.operation[i];
    if (spans.Find(operation.stream) != nullptr || spans.size == GroupSpans::kMax) continue;
    const int device =
        operation.comm != nullptr ? operation.comm->device.load(std::memory_order_relaxed) : -1;
    spans.of[spans.size++] = {operation.stream, times.Start(operation.stream, device)};
  }
}

// Ends the spans; held so that they outlive operations that complete while others are still being handed
// over.
void EndSpans(GroupSpans& spans, bool failed) {
  DeviceTimes& times = TheProcess().times;
  for (uint32_t i = 0; i < spans.size; ++i) {
    Span*& span = spans.of[i].span;
    if (span == nullptr) continue;
    if (failed) {
      times.Cancel(span);
      span = nullptr;
    } else if (!times.End(span, spans.of[i].stream)) {
      span = nullptr;
    }
  }
}

void HandOver(const GroupedOperation& operation, GroupSpans& spans, bool failed, int result) {
  Span** span = spans.Find(operation.stream);
  const bool watched = span != nullptr && *span != nullptr;
  if (failed) {
    operation.record->result.store(record::ClipResult(result), std::memory_order_relaxed);
    Writer::SetState(operation.record, State::kFailed);
    return;
  }
  Writer::SetState(operation.record, watched ? State::kEnqueued : State::kUntracked);
  if (!watched) return;
  TheProcess().times.Hold(*span);
  TheProcess().times.Watch(*span, operation.record, operation.comm, StreamNumber(operation.stream));
}

}  // namespace

int OnGroupStart(HookCall& call) {
  const int result = call.Invoke();
  ThreadState* thread = CurrentThread();
  if (call.Failed(result)) {
    RecordFailedByFault(call, result);
  } else if (thread != nullptr && thread->group_depth++ == 0) {
    uint16_t group = 0;
    while (group == 0)
      group = static_cast<uint16_t>(TheProcess().last_group.fetch_add(1, std::memory_order_relaxed) + 1);
    thread->group = group;
    thread->group_opened_by = call.caller;
  }
  return result;
}

int OnGroupEnd(HookCall& call) {
  ThreadState* thread = CurrentThread();
  if (thread == nullptr || thread->group_depth != 1) {
    const bool is_open = thread == nullptr || thread->group_depth > 0;
    if (thread != nullptr && is_open) --thread->group_depth;
    const int result = TracePlain(call);
    if (!is_open && call.Failed(result)) NoteGroupNotStarted(call);
    return result;
  }
  for (uint32_t i = 0; i < thread->operations; ++i) SampleInput(thread->operation[i].sampled);
  GroupSpans spans;
  StartSpans(*thread, spans);
  record::Record* record = BeginCallRecord(call, record::kNoComm);
  if (record != nullptr) record->group = thread->group;
  const int result = call.Invoke();
  const bool failed = call.Failed(result);
  EndSpans(spans, failed);
  FinishCallRecord(call, record, result);
  for (uint32_t i = 0; i < thread->operations; ++i) {
    HandOver(thread->operation[i], spans, failed, result);
    if (result == ncclInProgress) NoteInProgress(thread->operation[i].comm);
  }
  for (uint32_t i = 0; i < spans.size; ++i) {
    if (spans.of[i].span != nullptr) TheProcess().times.Release(spans.of[i].span);
  }
  for (uint32_t i = 0; i < thread->creations; ++i) {
    const GroupedCreation& creation = thread->creation[i];
    FinishCreation(failed ? nullptr : *creation.handle, creation.comm, result);
  }
  for (uint32_t i = 0; !failed && i < thread->actions; ++i) ActOnGrouped(thread->action[i]);
  for (uint32_t i = 0; !failed && i < thread->operations; ++i) SampleOutput(thread->operation[i].sampled);
  thread->group_depth = thread->operations = thread->creations = thread->actions = 0;
  thread->group = 0;
  return result;
}

}  // namespace rankle::hooks
