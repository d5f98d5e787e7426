// A stream: a queue of operations that run one after the other, each when its dependencies are done.
// Threads: any thread may enqueue and wait. One worker thread per stream runs the operations; it starts with
// the first work that cannot run in place, sleeps on a condition variable when idle and ends when the stream
// is retired and empty. Tickets number a stream's operations from 1; ticket t is done when all operations up
// to t are. A dependency always points at a ticket handed out before its own, so waits never form a cycle.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "virtual_gpu/engine/error.h"
#include "virtual_gpu/engine/operation.h"

namespace rankle::vgpu {

class Capture;
class Device;
class Stream;

struct Dependency {
  std::shared_ptr<Stream> stream;
  uint64_t ticket = 0;
};

enum class StreamKind {
  kLegacy,       // the device's default stream: ordered against all blocking streams
  kPerThread,    // a thread's default stream: blocking
  kBlocking,     // ordered against the legacy stream
  kNonBlocking,  // ordered against nothing
  kGraphLane,    // internal: runs a branch of a graph
};

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(Device& device, StreamKind kind, int priority, uint64_t id);
  ~Stream();

  // Puts the operation at the end and returns its ticket. Adds the implicit order against the legacy default
  // stream.
  uint64_t Enqueue(OperationPtr operation, std::vector<Dependency> dependencies = {});

  bool Done(uint64_t ticket) const { return completed_.load(std::memory_order_acquire) >= ticket; }
  bool Idle() const { return Done(last_ticket()); }
  uint64_t last_ticket() const { return issued_.load(std::memory_order_acquire); }

  // Blocks until the ticket is done, or returns the device's sticky error as soon as there is one.
  Error Wait(uint64_t ticket);

  // No more work will come: the worker ends when the queue is empty.
  void Retire();

  // Makes all waits on this stream look again (a device was lost).
  void WakeWaiters();

  // Implicitly synchronised with the legacy default stream.
  bool blocking() const { return kind_ == StreamKind::kBlocking || kind_ == StreamKind::kPerThread; }
  Device& device() const { return device_; }
  StreamKind kind() const { return kind_; }
  int priority() const { return priority_; }
  uint64_t id() const { return id_; }

  // The capture this stream records into, null when it runs its work. Guarded by the capture lock
  // (capture.h).
  std::shared_ptr<Capture> capture;
  std::atomic<bool> capturing{false};

 private:
  struct Work {
    OperationPtr operation;
    std::vector<Dependency> dependencies;
    uint64_t ticket = 0;
    uint64_t enqueued_ns = 0;
  };

  void AddImplicitDependencies(std::vector<Dependency>* dependencies);
  bool RunInPlace(const OperationPtr& operation, const std::vector<Dependency>& dependencies);
  void StartWorker();
  void Work_();
  void Execute(std::unique_lock<std::mutex>& lock, Work work);
  uint64_t RunKernels(std::unique_lock<std::mutex>& lock, uint64_t start_ns, Work& work);
  bool WaitForDependencies(const std::vector<Dependency>& dependencies);
  void Complete(uint64_t ticket);

  Device& device_;
  const StreamKind kind_;
  const int priority_;
  const uint64_t id_;

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::condition_variable work_done_;
  std::deque<Work> queue_;              // guarded by mutex_
  bool worker_started_ = false;         // guarded by mutex_
  bool worker_waiting_ = false;         // guarded by mutex_
  bool retired_ = false;                // guarded by mutex_
  int waiters_ = 0;                     // guarded by mutex_
  uint64_t seen_legacy_ticket_ = 0;     // guarded by mutex_
  uint64_t clock_ns_ = 0;               // device time when the last operation ended; guarded by mutex_
  std::atomic<uint64_t> issued_{0};     // written under mutex_
  std::atomic<uint64_t> completed_{0};  // written under mutex_
};

}  // namespace rankle::vgpu
