// `delay` and `hang`: the rank is late, or does not come.
#include "injector/hooks/inject.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

// How often a hang looks whether its communicator was aborted or the run is being ended.
constexpr uint64_t kLookNs = 20'000'000;

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

}  // namespace

void Delay(const plan::Decision& decision) { SleepUntil(MonotonicNs() + decision.time_ns); }

HangEnd Hang(const HookCall& call, const plan::Decision& decision) {
  static const std::atomic<uint32_t> never{0};
  Process& process = TheProcess();
  plan::ControlPage* page = process.control;
  plan::FaultControl* control = page != nullptr ? &page->faults[decision.fault] : nullptr;
  const std::atomic<uint32_t>& released = control != nullptr ? control->released : never;
  const Comm* comm = process.comms.Find(call.comm());
  const HangCount counted(control);
  const uint64_t until = decision.time_ns == 0 ? UINT64_MAX : MonotonicNs() + decision.time_ns;
  while (released.load(std::memory_order_acquire) == 0) {
    if (page != nullptr && page->stop.load(std::memory_order_acquire) != 0) break;
    if (comm != nullptr && comm->ended_ns.load(std::memory_order_relaxed) != 0) return HangEnd::kCommAborted;
    const uint64_t now = MonotonicNs();
    if (now >= until) break;
    FutexWait(released, 0, until - now < kLookNs ? until - now : kLookNs);
  }
  return HangEnd::kReleased;
}

}  // namespace rankle::hooks
