#include "injector/hooks/inject.h"

#include <atomic>

#include "injector/api/table.h"
#include "injector/hooks/memory.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"
#include "injector/hooks/run.h"
#include "injector/hooks/samples.h"
#include "injector/hooks/stack.h"
#include "injector/hooks/trace.h"
#include "injector/sites/feed.h"

namespace rankle::hooks {

using plan::Action;
using plan::Decision;

namespace {

constexpr size_t kMaxDecisions = 16;

// Room for decisions that costs nothing until some are made.
union Decisions {
  Decision of[kMaxDecisions];
  Decisions() {}
};

// What is left to do with a call after the actions before it.
struct Outcome {
  bool skip = false;
  bool fail = false;
  bool repeat = false;
  int result = 0;
  Decisions after;
  size_t after_count = 0;

  void FailWith(int with) {
    fail = true;
    result = with;
  }
  void Later(const Decision& decision) { after.of[after_count++] = decision; }
};

plan::CallView ViewOf(const HookCall& call, char* stack, size_t stack_size) {
  const Process& process = TheProcess();
  plan::CallView view;
  view.api = call.info->id;
  if (const Comm* comm = process.comms.Find(call.comm())) {
    view.comm_rank = comm->rank.load(std::memory_order_relaxed);
    view.comm_size = comm->size.load(std::memory_order_relaxed);
    view.comm_name = comm->name;
  }
  view.bytes = call.bytes();
  view.dtype = call.dtype();
  view.peer = call.info->args.peer >= 0 ? call.peer() : call.root();
  if (process.plan_needs_clock) view.elapsed_ns = MonotonicNs() - process.start_ns;
  view.step = process.step.load(std::memory_order_relaxed);
  if (call.site_id != 0) view.site = static_cast<int64_t>(call.site_id);
  if (call.python != nullptr) {
    view.stack = call.python;
  } else if (process.engine.NeedsStack(call.info->id)) {
    WriteStack(stack, stack_size);
    view.stack = stack;
  }
  return view;
}

void SayOnce(uint16_t fault, const char* text) {
  static std::atomic<bool> said[plan::kMaxFaults];
  if (fault < plan::kMaxFaults && !said[fault].exchange(true)) Message(text, TheProcess().plan.name(fault));
}

// Ground truth: in the flight record, and counted for the end of the run.
void Report(const HookCall& call, const Decision& decision) {
  RecordInjection(call, decision);
  if (call.site != nullptr) rankleSiteInjected(call.site);
  plan::ControlPage* control = TheProcess().control;
  if (control != nullptr) control->faults[decision.fault].fired.fetch_add(1, std::memory_order_relaxed);
}

void RefuseUnless(bool applied, const Decision& decision) {
  if (!applied) SayOnce(decision.fault, "this fault cannot act on this call, which went through unchanged: ");
}

// What "no memory left" is called in each library.
int OutOfMemory(const HookCall& call) {
  return call.info->library == api::Library::kNccl ? static_cast<int>(ncclUnhandledCudaError)
                                                   : static_cast<int>(cudaErrorMemoryAllocation);
}

bool IsOutOfMemory(const HookCall& call, const Decision& decision) {
  if (!call.In(api::kMalloc)) return false;
  const int64_t wanted = call.bytes();
  return decision.details->bytes_limit == 0 ||
         MemoryInUse() + static_cast<uint64_t>(wanted > 0 ? wanted : 0) > decision.details->bytes_limit;
}

int LostResult(const HookCall& call) {
  return call.info->library == api::Library::kNccl
             ? static_cast<int>(ncclUnhandledCudaError)
             : TheProcess().sticky_error.load(std::memory_order_relaxed);
}

bool InjectAsyncError(const HookCall& call, const Decision& decision) {
  Comm* comm = TheProcess().comms.Find(call.comm());
  if (comm == nullptr) return false;
  comm->injected_error.store(static_cast<int>(decision.details->result), std::memory_order_relaxed);
  return true;
}

// A function of c10d must be called once and returns an object: it can be late or not come, end the process,
// or throw. What changes its arguments, its result or its number of calls cannot act.
bool CanActOnToldCall(const Decision& decision) {
  switch (decision.action) {
    case Action::kDelay:
    case Action::kHang:
    case Action::kExit:
    case Action::kAbort:
    case Action::kSignal:
    case Action::kThrow:
    case Action::kGil:
      return true;
    default:
      return false;
  }
}

void HangHere(const HookCall& call, const Decision& decision, Outcome& outcome) {
  if (Hang(call, decision) == HangEnd::kCommAborted) outcome.FailWith(ncclInternalError);
}

bool Throw(const HookCall& call, const Decision& decision) {
  return call.python != nullptr ? RaisePythonException(decision) : ThrowException(decision);
}

void ActBefore(HookCall& call, Handler handler, const Decision& decision, Outcome& outcome) {
  if (decision.details->at_exit) return outcome.Later(decision);
  switch (decision.action) {
    case Action::kDelay:
      return Delay(decision);
    case Action::kHang:
      return HangHere(call, decision, outcome);
    case Action::kFail:
      return outcome.FailWith(static_cast<int>(decision.details->result));
    case Action::kAsyncError:
      return RefuseUnless(InjectAsyncError(call, decision), decision);
    case Action::kSkip:
      outcome.skip = true;
      return;
    case Action::kRepeat:
      outcome.repeat = true;
      return;
    case Action::kSwap:
      if (Hold(call, handler, decision)) {
        outcome.skip = true;
      } else {
        RefuseUnless(false, decision);
      }
      return;
    case Action::kMutate:
      return RefuseUnless(Mutate(call, decision), decision);
    case Action::kCorrupt:
      if (decision.details->buffer == plan::CorruptBuffer::kRecv) return outcome.Later(decision);
      return RefuseUnless(CorruptBefore(call, decision), decision);
    case Action::kOom:
      return outcome.FailWith(OutOfMemory(call));
    case Action::kLeak:
      return RefuseUnless(Leak(decision), decision);
    case Action::kSlowKernel:
      if (SlowKernelBefore(call, decision)) return outcome.Later(decision);
      return RefuseUnless(false, decision);
    case Action::kSlowCopy:
      return outcome.Later(decision);
    case Action::kGpuLost:
      LoseDevice(decision);
      return outcome.FailWith(LostResult(call));
    case Action::kExit:
    case Action::kAbort:
      return EndProcess(decision);
    case Action::kSignal:
      return RefuseUnless(SendSignal(decision), decision);
    case Action::kThrow:
      return RefuseUnless(Throw(call, decision), decision);
    case Action::kGil:
      return RefuseUnless(HoldInterpreterLock(decision), decision);
    default:
      return RefuseUnless(false, decision);
  }
}

void ActAfter(const HookCall& call, const Decision& decision) {
  switch (decision.action) {
    case Action::kDelay:
      return Delay(decision);
    case Action::kHang:
      Hang(call, decision);
      return;
    case Action::kExit:
    case Action::kAbort:
      return EndProcess(decision);
    case Action::kSignal:
      return RefuseUnless(SendSignal(decision), decision);
    case Action::kThrow:
      return RefuseUnless(Throw(call, decision), decision);
    case Action::kGil:
      return RefuseUnless(HoldInterpreterLock(decision), decision);
    case Action::kCorrupt:
      return RefuseUnless(CorruptAfter(call, decision), decision);
    case Action::kSlowKernel:
      return RefuseUnless(SlowKernelAfter(call, decision), decision);
    case Action::kSlowCopy:
      return RefuseUnless(SlowCopy(call, decision), decision);
    default:
      return;
  }
}

size_t Decide(const HookCall& call, Decisions& decisions) {
  char stack[4096];
  const plan::CallView view = ViewOf(call, stack, sizeof(stack));
  Process& process = TheProcess();
  return process.engine.Decide(process.target, view, decisions.of, kMaxDecisions);
}

// From here on the call counts as made, for its site record.
void EnterSite(HookCall& call) {
  if (call.site == nullptr || call.site_entered_ns != 0) return;
  call.site_entered_ns = MonotonicNs();
  rankleSiteEntered(call.site, call.site_entered_ns);
}

// The call itself, as the actions before it have left it.
int RunDecided(HookCall& call, Handler handler, const Outcome& outcome) {
  EnterSite(call);
  if (outcome.fail) {
    RecordFailedByFault(call, outcome.result);
    return outcome.result;
  }
  if (outcome.skip) return 0;
  const int result = handler(call);
  return outcome.repeat && !call.Failed(result) ? handler(call) : result;
}

}  // namespace

namespace {

int RunFired(HookCall& call, Handler handler, const Decision* decisions, size_t count, bool completes_swap,
             uint16_t held_fault) {
  Outcome outcome;
  for (size_t i = 0; i < count; ++i) {
    const Decision& decision = decisions[i];
    // The call that a held one waited for is not held itself.
    if (completes_swap && decision.action == Action::kSwap && decision.fault == held_fault) continue;
    if (decision.action == Action::kOom && !IsOutOfMemory(call, decision)) continue;
    if ((decision.action == Action::kCorrupt && !CanCorrupt(call, decision)) ||
        (call.arguments_are_told && !CanActOnToldCall(decision))) {
      RefuseUnless(false, decision);  // and it has not fired
      continue;
    }
    Report(call, decision);
    ActBefore(call, handler, decision, outcome);
  }
  const int result = RunDecided(call, handler, outcome);
  if (completes_swap) RunTakenHeld();
  for (size_t i = 0; i < outcome.after_count; ++i) ActAfter(call, outcome.after.of[i]);
  return result;
}

}  // namespace

int RunWithFaults(HookCall& call, Handler handler) {
  uint16_t held_fault = 0;
  const bool completes_swap = TakeHeld(call, &held_fault);
  Decisions decisions;
  const size_t count = Decide(call, decisions);
  if (count == 0 && !completes_swap) {
    EnterSite(call);
    return handler(call);
  }
  return RunFired(call, handler, decisions.of, count, completes_swap, held_fault);
}

int RunOnLostDevice(HookCall& call, Handler handler) {
  EnterSite(call);
  if (call.info->library == api::Library::kProcess) return handler(call);
  const int lost = LostResult(call);
  if (call.info->library == api::Library::kNccl) {
    // Clean-up and questions go through; an open group must be closed.
    if (call.info->id == api::IdOf("ncclGroupEnd")) {
      handler(call);
      return lost;
    }
    if (!call.In(api::kCollective | api::kP2p | api::kCommInit | api::kMalloc)) return handler(call);
  }
  RecordFailedByFault(call, lost);
  return lost;
}

void ActOnGrouped(const GroupedAction& action) {
  RefuseUnless(CorruptOnStream(action.buffer, action.bytes, action.dtype, action.stream, action.decision),
               action.decision);
}

void Tick() {
  HookCall call;
  call.info = &api::kApiTable[api::IndexOf(api::IdOf("rankleTick"))];
  call.invoke = [](void*) { return 0; };
  Decisions decisions;
  const size_t count = Decide(call, decisions);
  for (size_t i = 0; i < count; ++i) {
    const Decision& decision = decisions.of[i];
    Report(call, decision);
    if (decision.action == Action::kExit || decision.action == Action::kAbort) {
      EndProcess(decision);
    } else {
      RefuseUnless(decision.action == Action::kSignal && SendSignal(decision), decision);
    }
  }
}

namespace {

int Dispatch(HookCall& call, Handler handler) {
  Process& process = TheProcess();
  if (process.sticky_error.load(std::memory_order_relaxed) != 0) [[unlikely]]
    return RunOnLostDevice(call, handler);
  if (process.engine.IsAimedAt(call.info->id)) [[unlikely]]
    return RunWithFaults(call, handler);
  EnterSite(call);
  return handler(call);
}

// The call is counted at its site, too, where librankle-libc.so is in the process.
int DispatchAtSite(HookCall& call, Handler handler) {
  call.site = rankleSiteOf(call.info->id, call.caller, call.wrapper_frame, &call.site_id);
  if (call.site == nullptr) return Dispatch(call, handler);
  const int result = Dispatch(call, handler);
  rankleSiteReturned(call.site, static_cast<uint32_t>(result), call.Failed(result),
                     MonotonicNs() - call.site_entered_ns);
  return result;
}

}  // namespace

int RunHook(HookCall& call, Handler handler) {
  const int result = rankleSiteOf == nullptr || call.wrapper_frame == nullptr ? Dispatch(call, handler)
                                                                              : DispatchAtSite(call, handler);
  if (call.sampled_seq != 0) [[unlikely]]
    SampleOutput(DescribeSample(call, TheProcess().comms.Find(call.comm()), call.sampled_seq));
  return result;
}

}  // namespace rankle::hooks
