#include "injector/host/schedule.h"

#include <algorithm>

namespace rankle::host {
namespace {

// Resets happen at a moment; they count as on for 1 ns.
uint64_t Length(const plan::ArmedFault& fault) {
  if (fault.action == plan::Action::kNetReset) return 1;
  return fault.for_ns == 0 ? kNever : fault.for_ns;
}

uint64_t SaturatedSum(uint64_t a, uint64_t b) { return a > kNever - b ? kNever : a + b; }

}  // namespace

bool IsOn(const plan::ArmedFault& fault, uint64_t at_ns) {
  if (at_ns < fault.after_ns || at_ns > fault.until_ns) return false;
  const uint64_t since = at_ns - fault.after_ns;
  return (fault.period_ns == 0 ? since : since % fault.period_ns) < Length(fault);
}

uint64_t NextChange(const plan::ArmedFault& fault, uint64_t at_ns) {
  const uint64_t over = SaturatedSum(fault.until_ns, 1);
  if (at_ns < fault.after_ns) return fault.after_ns;
  if (at_ns >= over) return kNever;
  const uint64_t length = Length(fault);
  const uint64_t since = at_ns - fault.after_ns;
  const uint64_t begin = fault.period_ns == 0 ? 0 : since - since % fault.period_ns;
  uint64_t next = kNever;
  if (length != kNever && since - begin < length) {
    next = SaturatedSum(fault.after_ns, begin + length);
  } else if (fault.period_ns != 0) {
    next = SaturatedSum(fault.after_ns, SaturatedSum(begin, fault.period_ns));
  }
  return std::min(next, over);
}

}  // namespace rankle::host
