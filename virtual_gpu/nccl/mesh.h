// Full mesh of TCP connections between the ranks of a root communicator (Gloo's TCP transport), and the
// bounce buffers that messages travel in. Communicators made from it by split or shrink share the mesh; slots
// keep them apart.
//
// Gloo kills or poisons a process in three cases, and this file keeps all of them away from it: a message
// larger than its receive buffer (every receive is posted with the same full capacity), a time-out (waits are
// endless and end by Link::Abort), a buffer freed under a pending operation (such a buffer is kept until the
// mesh is closed).
#pragma once

#include <gloo/transport/unbound_buffer.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "virtual_gpu/nccl/connections.h"
#include "virtual_gpu/nccl/link_model.h"
#include "virtual_gpu/nccl/store.h"

namespace rankle::virtual_nccl {

inline constexpr size_t kChunkBytes =
    512 << 10;  // capacity of every message; NCCL cuts its data into steps of this size too

class Courier;

// One message in memory: received into, or sent from. A single operation may be pending on it.
struct Bounce {
  enum class Pending { kNone, kSend, kReceive };

  char* data() { return memory.get(); }

  std::unique_ptr<char, void (*)(void*)> memory{nullptr, nullptr};
  std::unique_ptr<gloo::transport::UnboundBuffer> wire;  // null in a mesh of one rank
  Pending pending = Pending::kNone;
  // On modelled links (courier.h): tells the sender that a receive is posted. It has left when the data has
  // come.
  char credit_byte = 0;
  bool credit_sent = false;
  std::unique_ptr<gloo::transport::UnboundBuffer> credit;
  Courier* courier = nullptr;  // who carries the pending send
};

class Mesh {
 public:
  // Connects to all other ranks; returns when every one of them has come. Blocks as long as that takes.
  static absl::StatusOr<std::shared_ptr<Mesh>> Connect(int rank, int size, StoreClient* store);
  // Says goodbye to the peers in the background before the connections close, so that no peer loses data in
  // flight.
  ~Mesh();
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  struct Return {
    Mesh* mesh = nullptr;
    void operator()(Bounce* bounce) const { mesh->Recycle(bounce); }
  };
  using Parcel = std::unique_ptr<Bounce, Return>;
  // The parcel must go back before the mesh ends.
  Parcel Acquire();

  // Links are modelled (RANKLE_VGPU_LINKS); then each has a pace.
  bool modelled() const { return !paces_.empty(); }
  const std::shared_ptr<Pace>& PaceTo(int peer) const { return paces_[peer]; }

  // Connections close at once when the last communicator lets go: peers that still wait see the loss.
  void CloseAbruptly() { abrupt_ = true; }

 private:
  struct Wires;  // what closing needs: the connections and every buffer

  Mesh(int rank, int size);
  void Recycle(Bounce* bounce);
  static void Retire(int rank, int size, std::unique_ptr<Wires> wires);

  const int rank_;
  const int size_;
  std::atomic<bool> abrupt_{false};
  std::vector<std::shared_ptr<Pace>> paces_;  // by peer; empty without a model
  std::mutex mutex_;
  std::unique_ptr<Wires> wires_;
};

using Parcel = Mesh::Parcel;

// 64-bit finaliser used for slots and identities.
uint64_t Mix(uint64_t value);
inline uint64_t Mix(uint64_t a, uint64_t b) { return Mix(a ^ (Mix(b) + 0x9e3779b97f4a7c15ull)); }

}  // namespace rankle::virtual_nccl
