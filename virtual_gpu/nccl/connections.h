// The connections between the ranks of a mesh, which Gloo makes, behind a library boundary. PyTorch carries a
// Gloo of its own and exports its symbols; a library that PyTorch needs, as it needs libnccl, would be bound
// to those, and two versions of one class do not mix. So libnccl itself is bound to nothing of Gloo: what is,
// lies in librankle-vgpu-gloo.so, which libnccl opens into a scope of its own (gloo_library.cc). Buffers
// cross the boundary as Gloo's abstract class: all of its calls are virtual.
#pragma once

#include <gloo/transport/unbound_buffer.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::virtual_nccl {

// Gloo multiplies the time-out by five and adds it to the clock: a hundred days is endless and does not
// overflow.
inline constexpr std::chrono::milliseconds kEndless = std::chrono::hours(24 * 100);

// Connected to all other ranks. Must outlive its buffers' operations; any thread may close it.
class Connections {
 public:
  virtual ~Connections() = default;
  virtual std::unique_ptr<gloo::transport::UnboundBuffer> NewBuffer(void* memory, size_t bytes) = 0;
  virtual void Close() = 0;
};

// The rendezvous as Gloo sees it. `get` blocks until the key is set; both throw when the server is gone.
struct KeyValueStore {
  std::function<void(const std::string& key, const std::vector<char>& value)> set;
  std::function<std::vector<char>(const std::string& key)> get;
};

// Connects from the local address `host`; throws what Gloo throws. Blocks until every rank has come.
using ConnectFunction = std::unique_ptr<Connections>(int rank, int size, const std::string& host,
                                                     const KeyValueStore& store);

// Gloo's, opened with the first call.
absl::StatusOr<ConnectFunction*> GlooConnect();

}  // namespace rankle::virtual_nccl
