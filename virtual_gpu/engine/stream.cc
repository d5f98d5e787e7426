#include "virtual_gpu/engine/stream.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "virtual_gpu/engine/clock.h"
#include "virtual_gpu/engine/device.h"
#include "virtual_gpu/engine/observe_kernel.h"
#include "virtual_gpu/engine/process.h"

namespace rankle::vgpu {
namespace {

std::chrono::steady_clock::time_point ToTimePoint(uint64_t ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(ns));
}

bool AllDone(const std::vector<Dependency>& dependencies) {
  return std::all_of(dependencies.begin(), dependencies.end(),
                     [](const Dependency& d) { return d.stream->Done(d.ticket); });
}

}  // namespace

Stream::Stream(Device& device, StreamKind kind, int priority, uint64_t id)
    : device_(device), kind_(kind), priority_(priority), id_(id) {}

Stream::~Stream() = default;

uint64_t Stream::Enqueue(OperationPtr operation, std::vector<Dependency> dependencies) {
  std::unique_lock lock(mutex_);
  AddImplicitDependencies(&dependencies);
  const uint64_t ticket = issued_.load(std::memory_order_relaxed) + 1;
  if (RunInPlace(operation, dependencies)) {
    issued_.store(ticket, std::memory_order_release);
    Complete(ticket);
    lock.unlock();
    return ticket;  // `operation` is released here, outside the lock.
  }
  queue_.push_back({std::move(operation), std::move(dependencies), ticket, NowNs()});
  issued_.store(ticket, std::memory_order_release);
  if (!worker_started_) StartWorker();
  if (worker_waiting_) work_arrived_.notify_one();
  return ticket;
}

void Stream::AddImplicitDependencies(std::vector<Dependency>* dependencies) {
  if (blocking()) {
    const std::shared_ptr<Stream>& legacy = device_.legacy_stream();
    const uint64_t ticket = legacy->last_ticket();
    if (ticket > seen_legacy_ticket_ && !legacy->Done(ticket)) dependencies->push_back({legacy, ticket});
    seen_legacy_ticket_ = ticket;
  } else if (kind_ == StreamKind::kLegacy) {
    device_.ForEachBlockingStream([&](const std::shared_ptr<Stream>& stream) {
      const uint64_t ticket = stream->last_ticket();
      if (!stream->Done(ticket)) dependencies->push_back({stream, ticket});
    });
  }
}

// Called with mutex_ held: the lock keeps the order against work that other threads enqueue meanwhile.
bool Stream::RunInPlace(const OperationPtr& operation, const std::vector<Dependency>& dependencies) {
  if (!operation->quick() || !Idle() || !AllDone(dependencies)) return false;
  clock_ns_ = NowNs();
  operation->Run(clock_ns_);
  return true;
}

void Stream::StartWorker() {
  worker_started_ = true;
  // The application's signals are for its own threads.
  sigset_t all, previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  std::thread worker([self = shared_from_this()] { self->Work_(); });
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  char name[16];
  snprintf(name, sizeof(name), "vgpu%d-s%u", device_.index(), static_cast<unsigned>(id_ % 100'000));
  pthread_setname_np(worker.native_handle(), name);
  worker.detach();
}

void Stream::Work_() {
  std::unique_lock lock(mutex_);
  for (;;) {
    worker_waiting_ = true;
    work_arrived_.wait(lock, [&] { return !queue_.empty() || retired_; });
    worker_waiting_ = false;
    if (queue_.empty()) {
      worker_started_ = false;
      return;
    }
    Work work = std::move(queue_.front());
    queue_.pop_front();
    Execute(lock, std::move(work));
  }
}

void Stream::Execute(std::unique_lock<std::mutex>& lock, Work work) {
  const uint64_t previous_end_ns = clock_ns_;
  lock.unlock();
  ParkIfExiting();
  const bool waited = WaitForDependencies(work.dependencies);
  work.dependencies.clear();
  const uint64_t start_ns = waited ? NowNs() : std::max(previous_end_ns, work.enqueued_ns);
  uint64_t ticket = work.ticket;
  uint64_t end_ns = start_ns;
  if (!device_.lost()) {
    if (work.operation->modelled_ns() > 0) {
      lock.lock();
      ticket = RunKernels(lock, start_ns, work);
      end_ns = clock_ns_;
      lock.unlock();
    } else {
      work.operation->Run(start_ns);
      // A quick operation takes no device time; anything else ended just now.
      if (!work.operation->quick()) end_ns = NowNs();
      if (end_ns > start_ns) ObserveKernel(*this, *work.operation, start_ns, end_ns);
    }
  }
  work.operation
      .reset();  // Released before its ticket is done: whoever waits for the ticket may unload its code.
  lock.lock();
  clock_ns_ = end_ns;
  Complete(ticket);
}

// Modelled time adds up over the kernels that follow each other directly, and is slept once: a train of short
// kernels takes exactly the sum of its durations and one wake-up. Returns the last ticket it covers.
uint64_t Stream::RunKernels(std::unique_lock<std::mutex>& lock, uint64_t start_ns, Work& work) {
  uint64_t ticket = work.ticket;
  clock_ns_ = start_ns;
  const auto run = [this](const Operation& kernel) {
    clock_ns_ += kernel.modelled_ns();
    ObserveKernel(*this, kernel, clock_ns_ - kernel.modelled_ns(), clock_ns_);
  };
  run(*work.operation);
  for (;;) {
    while (!queue_.empty() && queue_.front().dependencies.empty() &&
           queue_.front().operation->modelled_ns() > 0 && queue_.front().enqueued_ns <= clock_ns_) {
      run(*queue_.front().operation);
      ticket = queue_.front().ticket;
      queue_.pop_front();
    }
    if (NowNs() >= clock_ns_ || device_.lost()) return ticket;
    work_done_.wait_until(lock, ToTimePoint(clock_ns_), [&] { return device_.lost(); });
  }
}

// True when it had to wait, that is when the operation starts now and not when its predecessor ended.
bool Stream::WaitForDependencies(const std::vector<Dependency>& dependencies) {
  bool waited = false;
  for (const Dependency& dependency : dependencies) {
    if (dependency.stream->Done(dependency.ticket)) continue;
    waited = true;
    Stream& other = *dependency.stream;
    std::unique_lock lock(other.mutex_);
    ++other.waiters_;
    other.work_done_.wait(lock, [&] { return other.Done(dependency.ticket) || device_.lost(); });
    --other.waiters_;
  }
  return waited;
}

Error Stream::Wait(uint64_t ticket) {
  if (!Done(ticket)) {
    std::unique_lock lock(mutex_);
    ++waiters_;
    work_done_.wait(lock, [&] { return Done(ticket) || device_.lost(); });
    --waiters_;
  }
  return device_.sticky_error();
}

void Stream::Complete(uint64_t ticket) {
  completed_.store(ticket, std::memory_order_release);
  if (waiters_ > 0) work_done_.notify_all();
}

void Stream::Retire() {
  std::unique_lock lock(mutex_);
  retired_ = true;
  work_arrived_.notify_one();
}

void Stream::WakeWaiters() {
  std::unique_lock lock(mutex_);
  work_done_.notify_all();
}

}  // namespace rankle::vgpu
