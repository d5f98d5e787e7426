// The wait of `hang`: until the fault is released, the run is being ended, the fault's own time is up, or
// what the call is about has ended. Shared by both libraries that inject.
#pragma once

#include "injector/hooks/os.h"
#include "injector/plan/control.h"
#include "injector/plan/decide.h"

namespace rankle::hooks {

// How often a hang looks whether what it is about has ended or the run is being ended.
inline constexpr uint64_t kHangLookNs = 20'000'000;

class HangCount {
 public:
  explicit HangCount(plan::FaultControl* control) : control_(control) {
    if (control_ != nullptr) control_->hanging.fetch_add(1);
  }
  ~HangCount() {
    if (control_ != nullptr) control_->hanging.fetch_sub(1);
  }
  HangCount(const HangCount&) = delete;
  HangCount& operator=(const HangCount&) = delete;

 private:
  plan::FaultControl* control_;
};

// True when `ended` said so. `page` may be nullptr.
template <typename Ended>
bool HangOn(plan::ControlPage* page, const plan::Decision& decision, const Ended& ended) {
  static const std::atomic<uint32_t> never{0};
  plan::FaultControl* control = page != nullptr ? &page->faults[decision.fault] : nullptr;
  const std::atomic<uint32_t>& released = control != nullptr ? control->released : never;
  const HangCount counted(control);
  const uint64_t until = decision.time_ns == 0 ? UINT64_MAX : MonotonicNs() + decision.time_ns;
  while (released.load(std::memory_order_acquire) == 0) {
    if (page != nullptr && page->stop.load(std::memory_order_acquire) != 0) break;
    if (ended()) return true;
    const uint64_t now = MonotonicNs();
    if (now >= until) break;
    FutexWait(released, 0, until - now < kHangLookNs ? until - now : kHangLookNs);
  }
  return false;
}

}  // namespace rankle::hooks
