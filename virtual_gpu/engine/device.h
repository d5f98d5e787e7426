// A virtual GPU as this process sees it: its memory, its streams and its health. Lives as long as the
// process.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "virtual_gpu/engine/arena.h"
#include "virtual_gpu/engine/error.h"
#include "virtual_gpu/engine/stream.h"

namespace rankle::vgpu {

class Device {
 public:
  // `index` counts the visible devices, `physical_index` those of the machine.
  Device(int index, int physical_index, size_t memory_bytes);

  int index() const { return index_; }
  int physical_index() const { return physical_index_; }
  DeviceArena& arena() { return arena_; }
  const std::string& uuid() const { return uuid_; }

  const std::shared_ptr<Stream>& legacy_stream() const { return legacy_stream_; }
  std::shared_ptr<Stream> CreateStream(StreamKind kind, int priority);
  // The stream gets no more work and is forgotten; what it still has to do is done.
  void RetireStream(const std::shared_ptr<Stream>& stream);

  template <typename Visit>
  void ForEachStream(Visit visit) const {
    std::shared_lock lock(streams_mutex_);
    for (const std::shared_ptr<Stream>& stream : streams_) visit(stream);
  }

  // Those that are ordered against the legacy stream.
  template <typename Visit>
  void ForEachBlockingStream(Visit visit) const {
    std::shared_lock lock(streams_mutex_);
    for (const std::shared_ptr<Stream>& stream : blocking_streams_) visit(stream);
  }

  // Waits for everything enqueued so far on any stream.
  Error Synchronize();

  // Once lost, a device stays lost: queued work is dropped and every call returns the first error.
  bool lost() const { return sticky_error_.load(std::memory_order_acquire) != cudaSuccess; }
  Error sticky_error() const { return sticky_error_.load(std::memory_order_acquire); }
  void set_sticky_error(Error error);

  std::atomic<bool> primary_active{false};
  std::atomic<unsigned> flags{0};
  std::atomic<uint64_t> peer_access{
      0};  // bit i: access to device i was enabled (devices past 63 are not tracked)

 private:
  const int index_;
  const int physical_index_;
  const std::string uuid_;
  DeviceArena arena_;
  std::atomic<Error> sticky_error_{cudaSuccess};
  mutable std::shared_mutex streams_mutex_;
  std::vector<std::shared_ptr<Stream>> streams_;  // all but the legacy stream; guarded by streams_mutex_
  std::vector<std::shared_ptr<Stream>> blocking_streams_;  // guarded by streams_mutex_
  std::shared_ptr<Stream> legacy_stream_;
};

}  // namespace rankle::vgpu
