// `delay` and `hang`: the rank is late, or does not come.
#include "injector/hooks/hang.h"
#include "injector/hooks/inject.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {

void Delay(const plan::Decision& decision) { SleepUntil(MonotonicNs() + decision.time_ns); }

HangEnd Hang(const HookCall& call, const plan::Decision& decision) {
  Process& process = TheProcess();
  const Comm* comm = process.comms.Find(call.comm());
  const auto aborted = [comm] {
    return comm != nullptr && comm->ended_ns.load(std::memory_order_relaxed) != 0;
  };
  return HangOn(process.control, decision, aborted) ? HangEnd::kCommAborted : HangEnd::kReleased;
}

}  // namespace rankle::hooks
