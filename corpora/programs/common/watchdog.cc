#include "corpora/programs/common/watchdog.h"

#include <utility>

namespace rankle::programs {

Watchdog::Watchdog(std::chrono::duration<double> limit, std::function<void()> expired)
    : limit_(limit), expired_(std::move(expired)), last_beat_(std::chrono::steady_clock::now()) {
  if (limit_.count() > 0) thread_ = std::thread([this] { Watch(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::Beat() {
  const std::lock_guard lock(mutex_);
  last_beat_ = std::chrono::steady_clock::now();
}

void Watchdog::Watch() {
  const auto limit = std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit_);
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto deadline = last_beat_ + limit;
    if (std::chrono::steady_clock::now() >= deadline) {
      stop_ = true;
      lock.unlock();
      expired_();
      return;
    }
    changed_.wait_until(lock, deadline);
  }
}

}  // namespace rankle::programs
