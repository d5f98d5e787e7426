#include "virtual_gpu/nccl/courier.h"

#include <chrono>
#include <exception>
#include <utility>

#include "virtual_gpu/nccl/sigpipe.h"

namespace rankle::virtual_nccl {

Courier::Courier(Mesh& mesh, int peer, uint64_t slot, uint64_t credit_slot, std::shared_ptr<Pace> pace,
                 std::function<void()> lost)
    : mesh_(mesh),
      peer_(peer),
      slot_(slot),
      credit_slot_(credit_slot),
      pace_(std::move(pace)),
      lost_(std::move(lost)),
      credit_(mesh_.Acquire()),
      thread_([this] { Run(); }) {}

Courier::~Courier() {
  Stop();
  thread_.join();
}

void Courier::Post(Bounce& bounce, size_t bytes, SendWatch watch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  bounce.pending = Bounce::Pending::kSend;
  under_way_.insert(&bounce);
  queue_.push_back({&bounce, bytes, std::move(watch)});
  changed_.notify_all();
}

void Courier::Wait(Bounce& bounce) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return stopped_ || under_way_.count(&bounce) == 0; });
  if (under_way_.count(&bounce) == 0) bounce.pending = Bounce::Pending::kNone;
}

void Courier::Forget(Bounce& bounce) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Message& message : queue_) {
    if (message.bounce == &bounce) message.watch = {};
  }
}

void Courier::Stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stopped_ = true;
  if (awaited_ != nullptr) awaits_receive_ ? awaited_->abortWaitRecv() : awaited_->abortWaitSend();
  changed_.notify_all();
}

bool Courier::Await(gloo::transport::UnboundBuffer& wire, bool receive) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return false;
    awaited_ = &wire, awaits_receive_ = receive;
  }
  bool completed = false;
  bool stopped = false;
  while (!completed && !stopped) {
    // A wait may end early because of a wake-up meant for somebody else.
    completed = receive ? wire.waitRecv(kEndless) : wire.waitSend(kEndless);
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped = stopped_;
    if (completed || stopped) awaited_ = nullptr;
  }
  return completed;
}

void Courier::Tell(std::function<void()> SendWatch::*what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::function<void()>& call = queue_.front().watch.*what;
  if (call != nullptr) call();
}

bool Courier::Carry(Bounce& bounce, size_t bytes) {
  credit_->pending = Bounce::Pending::kReceive;  // kept by the mesh if nobody ever answers
  credit_->wire->recv(peer_, credit_slot_, 0, 1);
  if (!Await(*credit_->wire, true)) return false;
  credit_->pending = Bounce::Pending::kNone;
  Tell(&SendWatch::moving);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const int64_t through = pace_->Reserve(bytes, std::chrono::nanoseconds(now).count());
  const std::chrono::steady_clock::time_point due{std::chrono::nanoseconds(through)};
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (through == Pace::kNever) {
      changed_.wait(lock, [&] { return stopped_; });
      return false;
    }
    if (changed_.wait_until(lock, due, [&] { return stopped_; })) return false;
  }
  bounce.wire->send(peer_, slot_, 0, bytes);
  if (!Await(*bounce.wire, false)) return false;
  Tell(&SendWatch::sent);
  return true;
}

void Courier::Run() {
  const SigpipeScope no_sigpipe;
  for (;;) {
    Bounce* bounce = nullptr;
    size_t bytes = 0;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || !queue_.empty(); });
      if (stopped_) return;
      bounce = queue_.front().bounce, bytes = queue_.front().bytes;
    }
    try {
      if (!Carry(*bounce, bytes)) return;
    } catch (const std::exception&) {
      lost_();
      const std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
      awaited_ = nullptr;
      changed_.notify_all();
      return;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    under_way_.erase(bounce);
    queue_.pop_front();
    changed_.notify_all();
  }
}

}  // namespace rankle::virtual_nccl
