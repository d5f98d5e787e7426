#include "virtual_gpu/engine/device.h"

#include <mutex>
#include <utility>

#include "virtual_gpu/engine/settings.h"

namespace rankle::vgpu {
namespace {

std::atomic<uint64_t> g_next_stream_id{1};

}  // namespace

Device::Device(int index, int physical_index, size_t memory_bytes)
    : index_(index),
      physical_index_(physical_index),
      uuid_(DeviceUuid(physical_index)),
      arena_(memory_bytes),
      legacy_stream_(std::make_shared<Stream>(*this, StreamKind::kLegacy, 0, g_next_stream_id++)) {}

std::shared_ptr<Stream> Device::CreateStream(StreamKind kind, int priority) {
  auto stream = std::make_shared<Stream>(*this, kind, priority, g_next_stream_id++);
  std::unique_lock lock(streams_mutex_);
  streams_.push_back(stream);
  if (stream->blocking()) blocking_streams_.push_back(stream);
  return stream;
}

void Device::RetireStream(const std::shared_ptr<Stream>& stream) {
  // The legacy stream must still wait for what a destroyed stream has left to do: an empty marker carries
  // that order.
  if (stream->blocking() && !stream->Idle()) legacy_stream_->Enqueue(std::make_shared<Marker>());
  stream->Retire();
  std::unique_lock lock(streams_mutex_);
  std::erase(streams_, stream);
  std::erase(blocking_streams_, stream);
}

Error Device::Synchronize() {
  std::vector<std::pair<std::shared_ptr<Stream>, uint64_t>> pending;
  ForEachStream([&](const std::shared_ptr<Stream>& stream) {
    if (!stream->Idle()) pending.push_back({stream, stream->last_ticket()});
  });
  pending.push_back({legacy_stream_, legacy_stream_->last_ticket()});
  for (const auto& [stream, ticket] : pending) {
    if (const Error error = stream->Wait(ticket)) return error;
  }
  return sticky_error();
}

void Device::set_sticky_error(Error error) {
  Error none = cudaSuccess;
  sticky_error_.compare_exchange_strong(none, error);
}

}  // namespace rankle::vgpu
