// What the program marks: training steps through rankleMarkStep (tracer/api/rankle.h) and NVTX ranges named
// step*, tensors that all ranks must hold alike, and what rankle's agent in Python says of a framework.
#include <stdlib.h>
#include <string.h>

#include <cstdint>

#include "injector/api/table.h"
#include "injector/hooks/export.h"
#include "injector/hooks/process.h"
#include "injector/hooks/process_events.h"
#include "injector/hooks/run.h"
#include "injector/hooks/samples.h"
#include "injector/hooks/steps.h"

namespace rankle::hooks {

// The mark first: a fault that fires at it happens inside the step.
void Mark(int64_t step, const void* caller) {
  if (!EnterHook()) return;
  MarkStep(step);
  HookCall call;
  call.info = &api::kApiTable[api::IndexOf(api::IdOf("rankleMarkStep"))];
  call.invoke = [](void*) { return 0; };
  call.caller = caller;
  RunHook(call, PassOn);
  LeaveHook();
}

// "step 12", "step_12", "Step#12": the number where there is one, else the next.
void MarkRange(const char* name, const void* caller) {
  if (name == nullptr || strncasecmp(name, "step", 4) != 0) return;
  TheProcess().program_marks.store(true, std::memory_order_relaxed);
  const char* digit = name + strcspn(name, "0123456789");
  const int64_t step = *digit != '\0' ? strtoll(digit, nullptr, 10) : TheProcess().step.load() + 1;
  Mark(step, caller);
}

// What the agent calls before a function of Python at which a fault is aimed, with the interpreter's lock
// held.
void CallPython(const char* function, const void* caller) {
  if (!EnterHook()) return;
  HookCall call;
  call.info = &api::kApiTable[api::IndexOf(api::IdOf("rankleCallPython"))];
  call.invoke = [](void*) { return 0; };
  call.caller = caller;
  call.python = function;
  call.arguments_are_told = true;
  RunHook(call, PassOn);
  LeaveHook();
}

}  // namespace rankle::hooks

extern "C" {

RANKLE_EXPORT void rankleCallPython(const char* function) {
  rankle::hooks::CallPython(function, __builtin_return_address(0));
}

RANKLE_EXPORT void ranklePythonException(const char* text) { rankle::hooks::OnPythonException(text); }

RANKLE_EXPORT void rankleNameCommunicator(void* handle, const char* name) {
  rankle::hooks::NameCommunicator(static_cast<ncclComm_t>(handle), name);
}

RANKLE_EXPORT void rankleMarkStep(int64_t step) {
  rankle::hooks::TheProcess().program_marks.store(true, std::memory_order_relaxed);
  rankle::hooks::Mark(step, __builtin_return_address(0));
}

// The same from rankle's own agent in a framework, which knows steps by the optimizer's.
RANKLE_EXPORT void rankleMarkFrameworkStep(int64_t step) {
  if (rankle::hooks::TheProcess().program_marks.load(std::memory_order_relaxed)) return;
  rankle::hooks::Mark(step, __builtin_return_address(0));
}

RANKLE_EXPORT void rankleMarkReplica(const char* name, const void* tensor, uint64_t bytes, void* stream) {
  if (!rankle::hooks::EnterHook()) return;
  rankle::hooks::SampleReplica(name, tensor, bytes, static_cast<cudaStream_t>(stream));
  rankle::hooks::LeaveHook();
}

}  // extern "C"
