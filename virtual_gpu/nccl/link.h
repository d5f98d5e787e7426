// A communicator's view of its mesh: rank translation, slots of its own, and release of blocked waits on
// abort. Thread-safe: a communicator's operation and its helper threads post and wait; any thread may abort.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "virtual_gpu/nccl/courier.h"
#include "virtual_gpu/nccl/loss_watch.h"
#include "virtual_gpu/nccl/mesh.h"

namespace rankle::virtual_nccl {

// Thrown out of a wait or a post and caught once, where an operation starts. Inside the algorithms an
// exception is the shortest honest way out of nested pipelines; it never leaves the library.
struct TransferStopped : std::exception {
  enum class Why { kAborted, kPeerLost };
  explicit TransferStopped(Why why_in) : why(why_in) {}
  const char* what() const noexcept override { return why == Why::kAborted ? "aborted" : "peer lost"; }
  Why why;
};

// Message streams that must not mix. Messages of one lane between two ranks arrive in order, like a
// connection of NCCL: two ranks that run different collectives take each other's bytes or wait for ever.
enum class Lane : uint64_t { kControl, kTree, kRing0, kRing1, kPointToPoint };

class Link : private Watched {
 public:
  // `members[i]` is the mesh rank of rank i. `identity` tells this communicator from all others on the mesh.
  Link(std::shared_ptr<Mesh> mesh, std::vector<int> members, int rank, uint64_t identity);
  ~Link() override;

  int rank() const { return rank_; }
  int size() const { return static_cast<int>(members_.size()); }
  const std::vector<int>& members() const { return members_; }
  const std::shared_ptr<Mesh>& mesh() const { return mesh_; }

  Parcel Acquire() { return mesh_->Acquire(); }
  // Messages of operations go over modelled links when there are any; those that set communicators up do not.
  bool IsModelled(Lane lane) const { return lane != Lane::kControl && mesh_->modelled(); }
  // `watch` is told on modelled links only.
  void PostSend(int peer, Lane lane, Bounce& bounce, size_t bytes, SendWatch watch = {});
  void PostReceive(int peer, Lane lane, Bounce& bounce);
  // Until the pending operation of `bounce` is done.
  void Wait(Bounce& bounce);
  // The watch of a pending send is about to end.
  void Forget(int peer, Lane lane, Bounce& bounce);

  // Ends all waits of this communicator, now and later.
  void Abort();
  bool aborted() const { return aborted_; }

 private:
  uint64_t Slot(Lane lane) const { return Mix(identity_, static_cast<uint64_t>(lane) + 1); }
  uint64_t CreditSlot(Lane lane) const { return Mix(identity_, static_cast<uint64_t>(lane) + 101); }
  Courier& CourierTo(int peer, Lane lane);
  void Lose();
  void ThrowIfStopped() const {
    if (aborted_) throw TransferStopped(TransferStopped::Why::kAborted);
    if (lost_) throw TransferStopped(TransferStopped::Why::kPeerLost);
  }
  void Post(Bounce& bounce, Bounce::Pending pending);
  void WakeWaiting();
  void LookForLoss() override;

  const std::shared_ptr<Mesh> mesh_;
  const std::vector<int> members_;
  const int rank_;
  const uint64_t identity_;
  std::atomic<bool> aborted_{false};
  std::atomic<bool> lost_{false};
  std::mutex mutex_;
  std::unordered_set<Bounce*> posted_;   // operations under way
  std::unordered_set<Bounce*> waiting_;  // those of them, and of the couriers', that a thread waits for
  std::map<std::pair<int, Lane>, std::unique_ptr<Courier>> couriers_;  // last: their threads use the rest
};

// All ranks of `link` exchange one fixed-size value each (over Lane::kControl); at most kChunkBytes
// altogether.
std::vector<std::vector<char>> ExchangeAll(Link& link, const void* mine, size_t size);

}  // namespace rankle::virtual_nccl
