#include "injector/hooks/device_times.h"

#include <utility>

#include "injector/hooks/comms.h"
#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/os.h"
#include "tracer/record/writer.h"

namespace rankle::hooks {

using record::State;
using record::Writer;

namespace {

// A float of milliseconds resolves about 1 us over this span.
constexpr uint64_t kBaseLifetimeNs = 10'000'000'000;
constexpr int kCalibrationTries = 5;
constexpr uint64_t kGoodCalibrationNs = 5'000;

// Makes `device` current for a while.
class DeviceScope {
 public:
  explicit DeviceScope(int device) {
    const CudaCalls& cuda = Cuda();
    if (cuda.get_device == nullptr || cuda.set_device == nullptr || cuda.get_device(&before_) != 0) return;
    if (before_ != device && cuda.set_device(device) == 0) changed_ = true;
  }
  ~DeviceScope() {
    if (changed_) Cuda().set_device(before_);
  }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

}  // namespace

// ---- Enqueue side

Span* DeviceTimes::Take(int device) {
  std::atomic<uint64_t>& head = free_[device];
  uint64_t top = head.load(std::memory_order_acquire);
  while ((top & 0xffffffff) != kNone) {
    Span& span = spans_[(top & 0xffffffff) - 1];
    const uint64_t next =
        ((top >> 32) + 1) << 32 | std::atomic_ref(span.next_free).load(std::memory_order_relaxed);
    if (head.compare_exchange_weak(top, next, std::memory_order_acq_rel)) return &span;
  }
  if (spans_made_.load(std::memory_order_relaxed) >= kSpans) return nullptr;
  const uint32_t index = spans_made_.fetch_add(1, std::memory_order_relaxed);
  if (index >= kSpans) return nullptr;
  return CreateEvents(&spans_[index], device) ? &spans_[index] : nullptr;
}

bool DeviceTimes::CreateEvents(Span* span, int device) {
  const DeviceScope scope(device);
  span->device = device;
  return Cuda().event_create(&span->start, cudaEventDefault) == 0 &&
         Cuda().event_create(&span->end, cudaEventDefault) == 0;
}

void DeviceTimes::PutBack(Span* span) {
  std::atomic<uint64_t>& head = free_[span->device];
  const auto link = static_cast<uint32_t>(span - spans_) + 1;
  uint64_t top = head.load(std::memory_order_relaxed);
  uint64_t next;
  do {
    std::atomic_ref(span->next_free).store(static_cast<uint32_t>(top), std::memory_order_relaxed);
    next = ((top >> 32) + 1) << 32 | link;
  } while (!head.compare_exchange_weak(top, next, std::memory_order_release, std::memory_order_relaxed));
}

Span* DeviceTimes::Start(cudaStream_t stream, int device) {
  if (!enabled()) return nullptr;
  const CudaCalls& cuda = Cuda();
  if (!cuda.has_events()) return nullptr;
  if (device < 0 && (cuda.get_device == nullptr || cuda.get_device(&device) != 0)) return nullptr;
  if (device < 0 || device >= static_cast<int>(kDevices)) return nullptr;
  Span* span = Take(device);
  if (span == nullptr) return nullptr;
  span->started = span->finished = span->lost = false;
  span->users.store(1, std::memory_order_relaxed);
  if (cuda.event_record(span->start, stream) == 0) return span;
  if (cuda.last_error != nullptr) cuda.last_error();  // the program must not see our error
  PutBack(span);
  return nullptr;
}

bool DeviceTimes::End(Span* span, cudaStream_t stream) {
  if (Cuda().event_record(span->end, stream) == 0) return true;
  if (Cuda().last_error != nullptr) Cuda().last_error();
  PutBack(span);
  return false;
}

void DeviceTimes::Cancel(Span* span) { PutBack(span); }

void DeviceTimes::Release(Span* span) {
  if (span->users.fetch_sub(1, std::memory_order_acq_rel) == 1) PutBack(span);
}

void DeviceTimes::Watch(Span* span, record::Record* record, Comm* comm, uint32_t stream_number) {
  uint32_t position = queue_head_.load(std::memory_order_relaxed);
  QueueSlot* slot;
  while (true) {
    slot = &queue_[position % kQueue];
    // A slot's turn counts its uses: free for lap n when 2n, filled when 2n + 1.
    const auto distance =
        static_cast<int32_t>(slot->turn.load(std::memory_order_acquire) - position / kQueue * 2);
    if (distance < 0) {  // full
      Writer::SetState(record, State::kUntracked);
      Release(span);
      return;
    }
    if (distance == 0 && queue_head_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed))
      break;
    if (distance > 0) position = queue_head_.load(std::memory_order_relaxed);
  }
  slot->watched = {span, record, comm, stream_number < kStreams ? stream_number : kStreams - 1, kNone};
  slot->turn.store(position / kQueue * 2 + 1, std::memory_order_release);
  uint32_t idle = kAsleep;
  if (idle_.load(std::memory_order_relaxed) == kAsleep && idle_.compare_exchange_strong(idle, kAwake))
    FutexWake(idle_);
}

// ---- Poll side

void DeviceTimes::Drain() {
  while (in_flight_ < kQueue) {
    QueueSlot& slot = queue_[queue_tail_ % kQueue];
    if (slot.turn.load(std::memory_order_acquire) != queue_tail_ / kQueue * 2 + 1) return;
    const Watched taken = slot.watched;
    slot.turn.store(queue_tail_ / kQueue * 2 + 2, std::memory_order_release);
    ++queue_tail_;
    uint32_t link = free_watched_;
    if (link != kNone) {
      free_watched_ = watched_[link - 1].next;
    } else {
      link = ++watched_made_;
    }
    watched_[link - 1] = taken;
    uint32_t& last = last_[taken.stream];
    (last != kNone ? watched_[last - 1].next : first_[taken.stream]) = link;
    last = link;
    ++in_flight_;
  }
}

bool DeviceTimes::Poll(uint64_t now_ns) {
  Drain();
  bool changed = false;
  for (uint32_t stream = 0; stream < kStreams && in_flight_ != 0; ++stream) {
    if (first_[stream] != kNone) changed |= PollStream(stream, now_ns);
  }
  return changed;
}

bool DeviceTimes::PollStream(uint32_t stream, uint64_t now_ns) {
  bool changed = false;
  while (first_[stream] != kNone) {
    const uint32_t link = first_[stream];
    Watched& watched = watched_[link - 1];
    Span* span = watched.span;
    const bool was_started = span->started;
    Look(span, now_ns);
    if (!span->finished) {
      if (!span->started || was_started) return changed;
      for (uint32_t at = link; at != kNone && watched_[at - 1].span == span; at = watched_[at - 1].next) {
        Writer::SetStarted(watched_[at - 1].record, span->started_ns);
      }
      return true;
    }
    changed = true;
    Finish(watched);
    first_[stream] = watched.next;
    if (watched.next == kNone) last_[stream] = kNone;
    watched.next = free_watched_;
    free_watched_ = link;
    --in_flight_;
    Release(span);
  }
  return changed;
}

void DeviceTimes::Look(Span* span, uint64_t now_ns) {
  if (span->finished) return;
  const CudaCalls& cuda = Cuda();
  const int end = cuda.event_query(span->end);
  if (end != 0 && end != cudaErrorNotReady) {
    span->finished = span->lost = true;
    return;
  }
  if (!span->started && (end == 0 || cuda.event_query(span->start) == 0)) {
    Base* base = BaseOf(span->device, now_ns);
    span->started = true;
    span->started_ns = base != nullptr ? TimeOf(span->start, base) : 0;
    if (span->started_ns == 0) span->lost = end == 0;
  }
  if (end != 0) return;
  Base* base = BaseOf(span->device, now_ns);
  span->finished_ns = base != nullptr ? TimeOf(span->end, base) : 0;
  span->lost |= span->finished_ns == 0;
  span->finished = true;
}

void DeviceTimes::Finish(const Watched& watched) {
  const Span& span = *watched.span;
  const uint64_t ended_ns =
      watched.comm != nullptr ? watched.comm->ended_ns.load(std::memory_order_relaxed) : 0;
  if (ended_ns != 0 && (span.lost || span.finished_ns >= ended_ns)) {
    if (span.started) Writer::SetStarted(watched.record, span.started_ns);
    Writer::SetState(watched.record, State::kAborted);
  } else if (span.lost) {
    // A sticky device error or a runtime that is being torn down: whether the operation completed is not
    // known.
    Writer::SetState(watched.record, State::kUntracked);
  } else {
    Writer::SetDeviceTimes(watched.record, span.started_ns, span.finished_ns);
  }
}

// ---- Clock

DeviceTimes::Base* DeviceTimes::BaseOf(int device, uint64_t now_ns) {
  Base& base = bases_[device];
  if (base.ns != 0 && now_ns - base.made_ns < kBaseLifetimeNs) return &base;
  if (Calibrate(&base, device)) base.made_ns = now_ns;
  return base.ns != 0 ? &base : nullptr;
}

bool DeviceTimes::Calibrate(Base* base, int device) {
  const CudaCalls& cuda = Cuda();
  const DeviceScope scope(device);
  if (base->stream == nullptr && cuda.stream_create(&base->stream, cudaStreamNonBlocking) != 0) return false;
  for (cudaEvent_t* event : {&base->event, &base->spare}) {
    if (*event == nullptr && cuda.event_create(event, cudaEventDefault) != 0) return false;
  }
  uint64_t best_width = UINT64_MAX;
  for (int i = 0; i < kCalibrationTries && best_width > kGoodCalibrationNs; ++i) {
    const uint64_t before = MonotonicNs();
    if (cuda.event_record(base->spare, base->stream) != 0 || cuda.event_synchronize(base->spare) != 0) break;
    const uint64_t width = MonotonicNs() - before;
    if (width >= best_width) continue;
    best_width = width;
    std::swap(base->event, base->spare);
    base->ns = before + width / 2;
  }
  return best_width != UINT64_MAX;
}

uint64_t DeviceTimes::TimeOf(cudaEvent_t event, Base* base) {
  float ms = 0;
  if (Cuda().event_elapsed(&ms, base->event, event) != 0) return 0;
  return base->ns + static_cast<uint64_t>(static_cast<int64_t>(static_cast<double>(ms) * 1e6));
}

void DeviceTimes::Reset() {
  for (auto& head : free_) head.store(0, std::memory_order_relaxed);
  for (QueueSlot& slot : queue_) {
    if (slot.turn.load(std::memory_order_relaxed) != 0) slot.turn.store(0, std::memory_order_relaxed);
  }
  spans_made_.store(0, std::memory_order_relaxed);
  queue_head_.store(0, std::memory_order_relaxed);
  idle_.store(0, std::memory_order_relaxed);
  queue_tail_ = free_watched_ = watched_made_ = in_flight_ = 0;
  for (uint32_t& link : first_) link = kNone;
  for (uint32_t& link : last_) link = kNone;
  for (Base& base : bases_) base = Base{};
}

}  // namespace rankle::hooks
