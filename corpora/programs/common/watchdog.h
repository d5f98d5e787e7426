// Ends the process when nobody reports progress for a while (--timeout). It exists because a real training
// job has one; it is off by default, as rankle wants to see the hang itself.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_WATCHDOG_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_WATCHDOG_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace rankle::programs {

class Watchdog {
 public:
  // Calls `expired` once, on its own thread, when no Beat came for `limit`. A limit of 0 starts nothing.
  Watchdog(std::chrono::duration<double> limit, std::function<void()> expired);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  void Beat();

 private:
  void Watch();

  const std::chrono::duration<double> limit_;
  const std::function<void()> expired_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::steady_clock::time_point last_beat_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_WATCHDOG_H_
