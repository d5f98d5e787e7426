#include "virtual_gpu/engine/event.h"

#include <algorithm>

#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/engine.h"

namespace rankle::vgpu {
namespace {

class RecordOperation final : public Operation {
 public:
  RecordOperation(std::shared_ptr<EventRecord> record, std::shared_ptr<IpcEventPage> ipc, uint32_t generation)
      : record_(std::move(record)), ipc_(std::move(ipc)), generation_(generation) {}

  void Run(uint64_t start_ns) override {
    record_->reached_ns.store(start_ns, std::memory_order_relaxed);
    if (ipc_ != nullptr) ipc_->Reach(generation_);
  }
  NodeKind kind() const override { return NodeKind::kEventRecord; }
  bool quick() const override { return true; }

 private:
  std::shared_ptr<EventRecord> record_;
  std::shared_ptr<IpcEventPage> ipc_;
  uint32_t generation_;
};

bool DeviceLost(void* device) { return static_cast<Device*>(device)->lost(); }

class IpcWaitOperation final : public Operation {
 public:
  IpcWaitOperation(Device& device, std::shared_ptr<IpcEventPage> page, uint32_t generation)
      : device_(device), page_(std::move(page)), generation_(generation) {}

  void Run(uint64_t) override { page_->Wait(generation_, DeviceLost, &device_); }
  NodeKind kind() const override { return NodeKind::kEventWait; }

 private:
  Device& device_;
  std::shared_ptr<IpcEventPage> page_;
  uint32_t generation_;
};

Error FindEvent(CUevent_st* handle, std::shared_ptr<Event>* event) {
  *event = Engine::Get().events.Find(handle);
  return *event == nullptr ? cudaErrorInvalidResourceHandle : cudaSuccess;
}

constexpr unsigned kEventFlags = cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess;

}  // namespace

std::shared_ptr<EventRecord> Event::last_record() const {
  std::unique_lock lock(mutex_);
  return record_;
}

Error Event::RecordOn(const std::shared_ptr<Stream>& stream) {
  auto record = std::make_shared<EventRecord>();
  record->stream = stream;
  const uint32_t generation = ipc != nullptr ? ipc->NextGeneration() : 0;
  record->ticket = stream->Enqueue(std::make_shared<RecordOperation>(record, ipc, generation));
  std::unique_lock lock(mutex_);
  record_ = std::move(record);
  return cudaSuccess;
}

Error Event::DelayStream(const std::shared_ptr<Stream>& stream) {
  if (ipc != nullptr) {
    const uint32_t generation = ipc->recorded();
    if (!ipc->Reached(generation)) {
      stream->Enqueue(std::make_shared<IpcWaitOperation>(stream->device(), ipc, generation));
    }
    return cudaSuccess;
  }
  const std::shared_ptr<EventRecord> record = last_record();
  if (record == nullptr || record->stream == stream || record->stream->Done(record->ticket))
    return cudaSuccess;
  stream->Enqueue(std::make_shared<Marker>(), {{record->stream, record->ticket}});
  return cudaSuccess;
}

Error Event::Query() {
  if (const Error error = device_.sticky_error()) return error;
  if (ipc != nullptr) return ipc->Reached(ipc->recorded()) ? cudaSuccess : cudaErrorNotReady;
  const std::shared_ptr<EventRecord> record = last_record();
  return record == nullptr || record->stream->Done(record->ticket) ? cudaSuccess : cudaErrorNotReady;
}

Error Event::Synchronize() {
  if (ipc != nullptr) {
    ipc->Wait(ipc->recorded(), DeviceLost, &device_);
    return device_.sticky_error();
  }
  const std::shared_ptr<EventRecord> record = last_record();
  return record == nullptr ? device_.sticky_error() : record->stream->Wait(record->ticket);
}

Error EventCreate(unsigned flags, CUevent_st** event) {
  if (event == nullptr || (flags & ~kEventFlags) != 0) return cudaErrorInvalidValue;
  const bool interprocess = (flags & cudaEventInterprocess) != 0;
  if (interprocess && (flags & cudaEventDisableTiming) == 0) return cudaErrorInvalidValue;
  Device* device;
  if (const Error error = HealthyDevice(&device)) return error;
  auto created = std::make_shared<Event>(*device, flags);
  if (interprocess) {
    created->ipc = IpcEventPage::Create();
    if (created->ipc == nullptr) return cudaErrorOperatingSystem;
  }
  *event = static_cast<CUevent_st*>(Engine::Get().events.Add(std::move(created)));
  return cudaSuccess;
}

Error EventDestroy(CUevent_st* event) {
  return Engine::Get().events.Take(event) == nullptr ? cudaErrorInvalidResourceHandle : cudaSuccess;
}

Error EventRecordOn(CUevent_st* handle, CUstream_st* stream_handle, unsigned flags) {
  if ((flags & ~unsigned{cudaEventRecordExternal}) != 0) return cudaErrorInvalidValue;
  std::shared_ptr<Event> event;
  std::shared_ptr<Stream> stream;
  if (const Error error = FindEvent(handle, &event)) return error;
  if (const Error error = FindStream(stream_handle, &stream)) return error;
  if (&stream->device() != &event->device()) return cudaErrorInvalidResourceHandle;
  if (stream->capturing) {
    std::unique_lock lock(CaptureLock());
    if (stream->capture != nullptr) {
      if ((flags & cudaEventRecordExternal) != 0)
        return CaptureEventNode(*stream, NodeKind::kEventRecord, event);
      return CaptureEventRecord(*stream, *event);
    }
  }
  if (stream->kind() == StreamKind::kLegacy) {
    if (const Error error = RefuseWhileAnyCaptures(stream->device(), cudaErrorStreamCaptureImplicit))
      return error;
  }
  ForgetCapture(*event);
  return event->RecordOn(stream);
}

Error EventQuery(CUevent_st* handle) {
  std::shared_ptr<Event> event;
  if (const Error error = FindEvent(handle, &event)) return error;
  if (const Error error = RefuseCapturedEvent(*event)) return error;
  return event->Query();
}

Error EventSynchronize(CUevent_st* handle) {
  std::shared_ptr<Event> event;
  if (const Error error = FindEvent(handle, &event)) return error;
  if (const Error error = RefuseCapturedEvent(*event)) return error;
  return event->Synchronize();
}

Error EventElapsedMs(float* milliseconds, CUevent_st* start_handle, CUevent_st* end_handle) {
  if (milliseconds == nullptr) return cudaErrorInvalidValue;
  std::shared_ptr<Event> start, end;
  if (const Error error = FindEvent(start_handle, &start)) return error;
  if (const Error error = FindEvent(end_handle, &end)) return error;
  if (!start->timed() || !end->timed()) return cudaErrorInvalidResourceHandle;
  const std::shared_ptr<EventRecord> first = start->last_record(), last = end->last_record();
  if (first == nullptr || last == nullptr) return cudaErrorInvalidResourceHandle;
  for (Event* event : {start.get(), end.get()}) {
    if (const Error error = event->Query()) return error;
  }
  *milliseconds =
      static_cast<float>((static_cast<double>(last->reached_ns.load(std::memory_order_relaxed)) -
                          static_cast<double>(first->reached_ns.load(std::memory_order_relaxed))) *
                         1e-6);
  return cudaSuccess;
}

Error StreamWaitEvent(CUstream_st* stream_handle, CUevent_st* handle, unsigned flags) {
  if ((flags & ~unsigned{cudaEventWaitExternal}) != 0) return cudaErrorInvalidValue;
  std::shared_ptr<Event> event;
  std::shared_ptr<Stream> stream;
  if (const Error error = FindEvent(handle, &event)) return error;
  if (const Error error = FindStream(stream_handle, &stream)) return error;
  if (AnyCaptureActive()) {
    std::unique_lock lock(CaptureLock());
    if (stream->capture != nullptr && (flags & cudaEventWaitExternal) != 0) {
      return CaptureEventNode(*stream, NodeKind::kEventWait, event);
    }
    if (event->capture.lock() != nullptr) return CaptureEventWait(stream, *event);
    // A captured stream must not depend on work outside its graph.
    if (stream->capture != nullptr) return cudaErrorStreamCaptureIsolation;
  }
  return event->DelayStream(stream);
}

}  // namespace rankle::vgpu
