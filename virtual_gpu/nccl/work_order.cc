#include "virtual_gpu/nccl/work_order.h"

namespace rankle::virtual_nccl {

WorkOrder::Ticket WorkOrder::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  queued_.insert(++last_);
  return last_;
}

bool WorkOrder::Begin(Ticket ticket) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(
      lock, [&] { return stopped_ || (!running_ && (ticket == kUnordered || *queued_.begin() == ticket)); });
  if (stopped_) return false;
  running_ = true;
  return true;
}

void WorkOrder::End(Ticket ticket) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = false;
    queued_.erase(ticket);
  }
  changed_.notify_all();
}

void WorkOrder::Drop(Ticket ticket) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queued_.erase(ticket);
  }
  changed_.notify_all();
}

void WorkOrder::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

void WorkOrder::WaitIdle() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return IdleLocked(); });
}

bool WorkOrder::Idle() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return IdleLocked();
}

}  // namespace rankle::virtual_nccl
