// From a wrapper with types to a Visit without. Wrappers are one line each (exports.cc) and glue only.
#pragma once

#include <errno.h>

#include <tuple>
#include <utility>

#include "injector/sites/process.h"
#include "injector/sites/real_functions.h"
#include "injector/sites/visit.h"

namespace rankle::sites {

// The arguments of one call with the function they are for.
template <typename Result, typename... Arguments>
struct Frame {
  Result (*real)(Arguments...);
  std::tuple<Arguments...> values;

  static int64_t Invoke(void* frame) {
    auto* const self = static_cast<Frame*>(frame);
    return static_cast<int64_t>(std::apply(self->real, self->values));
  }
};

// For a function that no library of the process has: an error that its callers know how to take.
template <size_t kSlot, typename Result>
Result Missing() {
  if (kCalls[kSlot].failure == Failure::kNumber) return static_cast<Result>(ENOSYS);
  errno = ENOSYS;
  return static_cast<Result>(-1);
}

inline bool IsOn() {
  const Phase phase = TheProcess().phase.load(std::memory_order_relaxed);
  return phase != Phase::kEarly && phase != Phase::kOff;
}

template <size_t kSlot, typename Result, typename... Arguments>
[[gnu::always_inline]] inline Result Intercept(const void* address, const void* frame,
                                               Arguments... arguments) {
  const auto real = reinterpret_cast<Result (*)(Arguments...)>(RealFunction(kSlot));
  if (real == nullptr) [[unlikely]]
    return Missing<kSlot, Result>();
  const auto* const words = static_cast<const uint64_t*>(frame);
  if (!IsOn() || !EnterHook(words)) return real(arguments...);
  using Kept = Frame<Result, Arguments...>;
  Kept kept{real, {arguments...}};
  Visit visit;
  visit.call = &kCalls[kSlot];
  visit.at = {reinterpret_cast<uint64_t>(address), words};
  visit.invoke = &Kept::Invoke;
  visit.frame = &kept;
  const int64_t result = std::apply(
      [&](auto&... values) {
        void* const addresses[sizeof...(Arguments) + 1] = {
            const_cast<void*>(static_cast<const void*>(&values))..., nullptr};
        visit.arguments = addresses;
        return Run(visit);
      },
      kept.values);
  LeaveHook();
  return static_cast<Result>(result);
}

}  // namespace rankle::sites
