// When operations started and finished on the device: a pair of events around each (or around the group or
// graph launch that carries several), polled by the background thread and turned into monotonic time.
//
// Enqueue side: any thread, lock-free; it creates events only while the pool still grows. Poll side: the
// background thread alone. What is lost: when the pool or the queue is full, the operation ends as
// kUntracked.
#pragma once

#include <cuda_runtime_api.h>

#include <atomic>
#include <cstdint>

#include "tracer/record/format.h"

namespace rankle::hooks {

struct Comm;

// A pair of events and what is known of them. Belongs to one device for good.
struct Span {
  cudaEvent_t start = nullptr, end = nullptr;
  int32_t device = 0;
  uint32_t next_free = 0;  // index + 1 in the free list of the device
  std::atomic<uint32_t> users{0};
  // Poll side:
  bool started = false, finished = false, lost = false;
  uint64_t started_ns = 0, finished_ns = 0;
};

class DeviceTimes {
 public:
  void Enable(bool on) { enabled_.store(on, std::memory_order_relaxed); }
  bool enabled() const { return enabled_.load(std::memory_order_relaxed); }

  // Takes a span and records its start on the stream; nullptr when times cannot be had. `device` -1 = the
  // current one. The span has one user, the caller.
  Span* Start(cudaStream_t stream, int device);
  // Records the end. False when that failed: the span is then given back and must not be used.
  bool End(Span* span, cudaStream_t stream);
  // Gives back a span whose operation was never enqueued.
  void Cancel(Span* span);
  // One user more, one less. The span goes back to the pool with its last user.
  void Hold(Span* span) { span->users.fetch_add(1, std::memory_order_relaxed); }
  void Release(Span* span);
  // The operation of `record` ran inside the span; its record is updated until it has finished. Takes over
  // one user. Without room the record becomes kUntracked.
  void Watch(Span* span, record::Record* record, Comm* comm, uint32_t stream_number);

  // Poll side. Takes over what was watched since and looks at the oldest operation of each stream. Returns
  // whether anything changed.
  bool Poll(uint64_t now_ns);
  // Operations that are being watched and have not finished.
  uint32_t in_flight() const { return in_flight_; }
  bool has_news() const { return queue_head_.load(std::memory_order_relaxed) != queue_tail_; }
  // The word on which the background thread sleeps. The enqueue side wakes it from kAsleep only: during
  // kBetweenPolls it looks again soon anyway. A wake that is missed costs one heartbeat of delay.
  enum : uint32_t { kAwake = 0, kAsleep = 1, kBetweenPolls = 2 };
  std::atomic<uint32_t>& idle_word() { return idle_; }

  // In a forked child: the parent's events mean nothing here.
  void Reset();

 private:
  static constexpr uint32_t kSpans = 1u << 14, kQueue = 1u << 14, kDevices = 64, kStreams = 1024;
  static constexpr uint32_t kNone = 0;  // links hold index + 1

  struct Watched {
    Span* span = nullptr;
    record::Record* record = nullptr;
    Comm* comm = nullptr;
    uint32_t stream = 0;
    uint32_t next = 0;
  };
  struct QueueSlot {
    std::atomic<uint32_t> turn{0};
    Watched watched;
  };
  struct Base {
    cudaEvent_t event = nullptr, spare = nullptr;
    cudaStream_t stream = nullptr;
    uint64_t ns = 0;
    uint64_t made_ns = 0;
  };

  Span* Take(int device);
  void PutBack(Span* span);
  bool CreateEvents(Span* span, int device);
  void Drain();
  bool PollStream(uint32_t stream, uint64_t now_ns);
  void Look(Span* span, uint64_t now_ns);
  void Finish(const Watched& watched);
  Base* BaseOf(int device, uint64_t now_ns);
  bool Calibrate(Base* base, int device);
  uint64_t TimeOf(cudaEvent_t event, Base* base);

  std::atomic<bool> enabled_{false};
  Span spans_[kSpans];
  std::atomic<uint32_t> spans_made_{0};
  std::atomic<uint64_t> free_[kDevices] = {};  // change count << 32 | index + 1

  QueueSlot queue_[kQueue];
  std::atomic<uint32_t> queue_head_{0};
  uint32_t queue_tail_ = 0;
  std::atomic<uint32_t> idle_{0};

  // Poll side: what is watched, in order for each stream.
  Watched watched_[kQueue];
  uint32_t free_watched_ = kNone;
  uint32_t watched_made_ = 0;
  uint32_t first_[kStreams] = {}, last_[kStreams] = {};
  uint32_t in_flight_ = 0;
  Base bases_[kDevices];
};

}  // namespace rankle::hooks
