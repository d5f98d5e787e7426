// Carries the messages of one lane to one peer over a modelled link (link_model.h), on a thread of its own:
// waits until the peer has made room, lets the modelled time pass without burning CPU, sends, and says so at
// once. That is the order of NCCL's proxy (credit, transfer, completion), and what makes the times that a
// profiler sees those of the link alone. Without a model there are no couriers: flows then wait for their
// messages lazily, in order.
//
// Messages of a lane follow each other: the latency of a link is met by each of them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "virtual_gpu/nccl/link_model.h"
#include "virtual_gpu/nccl/mesh.h"

namespace rankle::virtual_nccl {

// Told about one message, on the courier's thread.
struct SendWatch {
  std::function<void()> moving;  // the peer has made room
  std::function<void()> sent;
};

class Courier {
 public:
  // `peer` is a mesh rank. `lost` is called when the connection breaks.
  Courier(Mesh& mesh, int peer, uint64_t slot, uint64_t credit_slot, std::shared_ptr<Pace> pace,
          std::function<void()> lost);
  ~Courier();

  void Post(Bounce& bounce, size_t bytes, SendWatch watch);
  // Until the message has left, or the courier was stopped.
  void Wait(Bounce& bounce);
  // Nobody wants to hear of this message any more; on return nobody is being told.
  void Forget(Bounce& bounce);
  // Ends everything under way, now and later.
  void Stop();

 private:
  struct Message {
    Bounce* bounce;
    size_t bytes;
    SendWatch watch;
  };
  void Run();
  bool Carry(Bounce& bounce, size_t bytes);
  // Waits on a wire; false when stopped.
  bool Await(gloo::transport::UnboundBuffer& wire, bool receive);
  void Tell(std::function<void()> SendWatch::*what);

  Mesh& mesh_;
  const int peer_;
  const uint64_t slot_, credit_slot_;
  const std::shared_ptr<Pace> pace_;
  const std::function<void()> lost_;
  Parcel credit_;

  std::mutex mutex_;  // held while somebody is told
  std::condition_variable changed_;
  std::deque<Message> queue_;  // the front one is being carried
  std::unordered_set<Bounce*> under_way_;
  gloo::transport::UnboundBuffer* awaited_ = nullptr;
  bool awaits_receive_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace rankle::virtual_nccl
