// Continues processes that a fault has stopped (SIGSTOP sent by the kernel side at the very call), when their
// time has come. A thread of its own, in the real-time class where that is allowed, hears of stops through a
// buffer of their own: nothing else that is recorded can make it late. A stop holds the whole process, so of
// overlapping ones the last to end counts.
//
// Should this program be killed, its watchdog (watchdog.h) continues what is stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "tracer/ebpf/wire.h"

namespace rankle::ebpf {

class Continuer {
 public:
  struct Stops {
    // Waits for stops, up to so many milliseconds, and passes them on.
    std::function<void(int timeout_ms, const std::function<void(const rankle_fault_event&)>&)> read;
    // How long this one lasts, ns; 0 = until released.
    std::function<uint64_t(const rankle_fault_event&)> length_ns;
    // Has the fault been released (rankle release)?
    std::function<bool(uint32_t fault)> released;
    std::function<void(uint32_t process)> resume;  // SIGCONT
    std::function<uint64_t()> now;                 // CLOCK_MONOTONIC
  };
  explicit Continuer(Stops stops);
  ~Continuer();  // continues everything that is still stopped

  // When the thread's stop ended; nullopt while it lasts, or when there was none. Asking forgets it.
  std::optional<uint64_t> Ended(uint32_t process, uint32_t thread);
  // How many processes are stopped now by a fault without an end.
  uint32_t hanging(uint32_t fault);

 private:
  struct Stop {
    uint32_t process, thread, fault;
    uint64_t due_ns;  // UINT64_MAX = until released
  };
  void Run();
  void End(uint64_t now_ns, bool all);
  int NextTimeoutMs(uint64_t now_ns);

  Stops stops_;
  std::mutex mutex_;
  std::vector<Stop> active_;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> ended_;  // process, thread -> when
  std::atomic<bool> quit_{false};
  std::thread thread_;
};

}  // namespace rankle::ebpf
