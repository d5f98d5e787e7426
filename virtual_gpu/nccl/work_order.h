// The operations of one communicator run one after the other, in the order they were enqueued, whatever
// streams they are on (NCCL chains them by events). Tickets are taken when enqueuing and redeemed on the
// stream's thread. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>

namespace rankle::virtual_nccl {

class WorkOrder {
 public:
  using Ticket = uint64_t;
  // Work captured into a graph runs any number of times and has no place in the order: it runs when nothing
  // else does.
  static constexpr Ticket kUnordered = 0;

  Ticket Take();
  // Waits for the ticket's turn. False: stopped, do not run and do not call End.
  bool Begin(Ticket ticket);
  void End(Ticket ticket);
  // The work was dropped without running.
  void Drop(Ticket ticket);

  // Nothing begins any more; those who wait for their turn go.
  void Stop();
  // Until nothing is queued or running (after Stop: until nothing is running).
  void WaitIdle();
  bool Idle();

 private:
  bool IdleLocked() const { return !running_ && (stopped_ || queued_.empty()); }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Ticket> queued_;
  Ticket last_ = 0;
  bool running_ = false;
  bool stopped_ = false;
};

}  // namespace rankle::virtual_nccl
