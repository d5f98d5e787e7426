// The way of a call through the hooks: decide -> actions before -> trace entered -> real function -> trace
// returned -> actions after. Wrappers are generated (generated_*.inc) and are glue only; this is all they
// call.
#pragma once

#include <tuple>
#include <type_traits>

#include "injector/api/table.h"
#include "injector/hooks/call.h"
#include "injector/hooks/handlers.h"
#include "injector/hooks/process.h"
#include "injector/hooks/symbols.h"

namespace rankle::hooks {

// Runs the call with faults and tracing. The thread is inside the hook already.
int RunHook(HookCall& call, Handler handler);

// The arguments of one call with the function they are for.
template <typename Function, typename... Arguments>
struct Frame {
  Function real;
  std::tuple<Arguments...> values;

  static int Invoke(void* frame) {
    auto* self = static_cast<Frame*>(frame);
    return static_cast<int>(std::apply(self->real, self->values));
  }
};

template <uint16_t kApi, size_t kSlot, typename Result, typename... Arguments>
[[gnu::always_inline]] inline Result Intercept(const void* caller, Arguments... arguments) {
  using Function = Result (*)(Arguments...);
  constexpr const api::ApiInfo& kInfo = api::kApiTable[api::IndexOf(kApi)];
  const auto real = reinterpret_cast<Function>(RealFunction(kSlot));
  if (real == nullptr) [[unlikely]] {
    ReportMissing(kSlot);
    return static_cast<Result>(MissingResult(kInfo.library));
  }
  if (!EnterHook()) return real(arguments...);
  Frame<Function, Arguments...> frame{real, {arguments...}};
  using Addresses = void * [sizeof...(Arguments) + 1];
  HookCall call;
  const auto run = [&](auto&... values) {
    Addresses addresses = {const_cast<void*>(static_cast<const void*>(&values))..., nullptr};
    call.arguments = addresses;
    return RunHook(call, HandlerOf(kInfo));
  };
  call.info = &kInfo;
  call.invoke = &Frame<Function, Arguments...>::Invoke;
  call.frame = &frame;
  call.frame_bytes = sizeof(frame);
  call.argument_count = sizeof...(Arguments);
  call.caller = caller;
  call.wrapper_frame = __builtin_frame_address(0);
  const int result = std::apply(run, frame.values);
  LeaveHook();
  return static_cast<Result>(result);
}

// For the few functions that answer no result code: straight to the real one.
template <size_t kSlot, typename Result, typename... Arguments>
requires(!std::is_void_v<Result>) [[gnu::always_inline]] inline Result
    PassThrough(Result missing, Arguments... arguments) {
  const auto real = reinterpret_cast<Result (*)(Arguments...)>(RealFunction(kSlot));
  if (real != nullptr) return real(arguments...);
  ReportMissing(kSlot);
  return missing;
}
template <size_t kSlot, typename Result, typename... Arguments>
requires std::is_void_v<Result>
[[gnu::always_inline]] inline void PassThrough(std::nullptr_t, Arguments... arguments) {
  const auto real = reinterpret_cast<void (*)(Arguments...)>(RealFunction(kSlot));
  if (real != nullptr) return real(arguments...);
  ReportMissing(kSlot);
}

}  // namespace rankle::hooks
