// Events: a remembered place in a stream, with the device time at which the stream reached it.
// Thread-safe. An event that was never recorded counts as reached. Interprocess events keep their state in a
// shared page (ipc_event.h); everything else about them is the same.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "virtual_gpu/engine/error.h"
#include "virtual_gpu/engine/ipc_event.h"
#include "virtual_gpu/engine/stream.h"

namespace rankle::vgpu {

struct GraphNode;

// One recording of an event.
struct EventRecord {
  std::shared_ptr<Stream> stream;
  uint64_t ticket = 0;
  std::atomic<uint64_t> reached_ns{0};
};

class Event {
 public:
  Event(Device& device, unsigned flags) : device_(device), flags_(flags) {}

  bool timed() const { return (flags_ & cudaEventDisableTiming) == 0; }
  unsigned flags() const { return flags_; }
  Device& device() const { return device_; }

  // Records without looking at captures.
  Error RecordOn(const std::shared_ptr<Stream>& stream);
  // Makes the stream wait for the last recording.
  Error DelayStream(const std::shared_ptr<Stream>& stream);
  Error Query();
  Error Synchronize();
  // Null before the first recording.
  std::shared_ptr<EventRecord> last_record() const;

  std::shared_ptr<IpcEventPage> ipc;  // set once, before the handle is given out

  // The place in a capture where the event was recorded last, null when that was outside captures. Guarded by
  // the capture lock.
  std::weak_ptr<Capture> capture;
  std::vector<std::shared_ptr<GraphNode>> captured_nodes;

 private:
  Device& device_;
  const unsigned flags_;
  mutable std::mutex mutex_;
  std::shared_ptr<EventRecord> record_;  // guarded by mutex_
};

Error EventCreate(unsigned flags, CUevent_st** event);
Error EventDestroy(CUevent_st* event);
Error EventRecordOn(CUevent_st* event, CUstream_st* stream, unsigned flags);
Error EventQuery(CUevent_st* event);
Error EventSynchronize(CUevent_st* event);
Error EventElapsedMs(float* milliseconds, CUevent_st* start, CUevent_st* end);
Error StreamWaitEvent(CUstream_st* stream, CUevent_st* event, unsigned flags);

}  // namespace rankle::vgpu
