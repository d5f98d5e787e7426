// Applies what the plan decides to one call of the C library. The decisions are the plan engine's.
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "injector/hooks/hang.h"
#include "injector/hooks/os.h"
#include "injector/hooks/signal_self.h"
#include "injector/sites/file_path.h"
#include "injector/sites/process.h"
#include "injector/sites/short_call.h"
#include "injector/sites/timed_out_call.h"
#include "injector/sites/visit.h"

namespace rankle::sites {
namespace {

using plan::Action;
using plan::Decision;

constexpr size_t kMaxDecisions = 16;

// Room for decisions that costs nothing until some are made.
union Decisions {
  Decision of[kMaxDecisions];
  Decisions() {}
};

plan::CallView ViewOf(const Visit& visit) {
  plan::CallView view;
  view.api = visit.call->api;
  view.elapsed_ns = hooks::MonotonicNs() - TheProcess().start_ns;
  if (visit.call->bytes >= 0) view.bytes = static_cast<int64_t>(visit.Argument<size_t>(visit.call->bytes));
  if (visit.site != nullptr) view.site = static_cast<int64_t>(visit.site->id);
  return view;
}

// In a function of its own: the path is as large as a page, and most calls need none.
[[gnu::noinline]] size_t DecideByPath(const Visit& visit, plan::CallView view, Decision* decisions) {
  FilePath path;
  if (PathOf(visit, &path)) view.path = path.text;
  Process& process = TheProcess();
  return process.engine.Decide(process.target, view, decisions, kMaxDecisions);
}

size_t Decide(const Visit& visit, Decision* decisions) {
  Process& process = TheProcess();
  const plan::CallView view = ViewOf(visit);
  if (process.engine.NeedsPath(view.api)) return DecideByPath(visit, view, decisions);
  return process.engine.Decide(process.target, view, decisions, kMaxDecisions);
}

// Brings what the control page says of matches up to date, for "planned but never fired".
void ReportMatched(uint16_t api) {
  Process& process = TheProcess();
  if (process.control == nullptr) return;
  for (size_t i = 0; i < process.plan.size(); ++i) {
    if ((process.plan.fault(i).apis[api / 64] >> (api % 64) & 1) == 0) continue;
    const uint64_t matched = process.engine.matched(i);
    // Threads may come here in any order: what each adds is a difference that may wrap, and the sum is right.
    const uint64_t before = process.reported[i].exchange(matched, std::memory_order_relaxed);
    process.control->faults[i].matched.fetch_add(matched - before, std::memory_order_relaxed);
  }
}

// What the record keeps beside the action: how strong it was.
uint64_t StrengthOf(const Decision& decision) {
  switch (decision.action) {
    case Action::kDelay:
    case Action::kDiskSlow:
    case Action::kHang:
      return decision.time_ns;
    case Action::kShort:
      return decision.details->bytes_limit;
    default:
      return static_cast<uint64_t>(decision.details->result);
  }
}

// Ground truth: in the site record, and counted for the end of the run.
void Report(const Visit& visit, const Decision& decision) {
  Process& process = TheProcess();
  process.recorder.Injected(visit.site, {.at_ns = hooks::MonotonicNs(),
                                         .site = visit.site != nullptr ? visit.site->id : 0,
                                         .call = decision.call,
                                         .value = StrengthOf(decision),
                                         .api = visit.call->api,
                                         .fault = decision.fault,
                                         .action = static_cast<uint8_t>(decision.action)});
  if (process.control != nullptr)
    process.control->faults[decision.fault].fired.fetch_add(1, std::memory_order_relaxed);
}

[[noreturn]] void EndProcess(const Decision& decision) {
  LeaveHook();  // what exit handlers call is to be seen
  if (decision.action == Action::kAbort) abort();
  exit(static_cast<int>(decision.details->result));
}

// An interrupted sleep tells what is left of it.
void TellRest(const Visit& visit) {
  const bool relative = visit.call->api == api::IdOf("nanosleep");
  const bool on_clock = visit.call->api == api::IdOf("clock_nanosleep");
  if (!relative && !(on_clock && visit.Argument<int>(1) == 0)) return;
  const int first = relative ? 0 : 2;
  timespec* const rest = visit.Argument<timespec*>(first + 1);
  if (rest != nullptr) *rest = *visit.Argument<const timespec*>(first);
}

int64_t AnswerOf(const Visit& visit, int error) {
  TellRest(visit);
  switch (visit.call->failure) {
    case Failure::kNumber:
    case Failure::kResolver:
      return error;
    case Failure::kRest:
      errno = error;
      return visit.Argument<unsigned>(0);
    case Failure::kErrno:
    case Failure::kExec:
      break;
  }
  errno = error;
  return -1;
}

// What stands in for the real function where the call is to fail.
struct FailedCall {
  const Visit* visit;
  int error;
  static int64_t Invoke(void* frame) {
    const auto& self = *static_cast<const FailedCall*>(frame);
    // A close that fails has closed the descriptor all the same.
    if (self.visit->call->api == api::IdOf("close")) self.visit->Invoke();
    return AnswerOf(*self.visit, self.error);
  }
};

// time-out: `result` says whether the program's own time passes first.
bool IsWhole(const Decision& decision) { return decision.details->result != 0; }

// The error is the fault's `result`.
bool Fails(Action action) {
  return action == Action::kFail || action == Action::kDiskFull || action == Action::kDiskError;
}

// A fault that a call gives no room for has not fired.
bool CanFire(const Visit& visit, const Decision& decision) {
  if (decision.action == Action::kShort) return CanBeShort(visit, decision.details->bytes_limit);
  if (decision.action == Action::kDiskFull) return MayNeedRoom(visit);
  return decision.action != Action::kTimeOut || CanTimeOut(visit, IsWhole(decision));
}

int64_t RunFailing(const Visit& visit, int error) {
  FailedCall failed{&visit, error};
  Visit instead = visit;
  instead.invoke = &FailedCall::Invoke;
  instead.frame = &failed;
  return Trace(instead);
}

void Wait(const Decision& decision) {
  if (decision.action != Action::kHang)
    hooks::SleepUntil(hooks::MonotonicNs() + decision.time_ns);
  else
    hooks::HangOn(TheProcess().control, decision, [] { return false; });
}

// What is done beside the call; failing, timing out and shortening are done to it.
void Act(const Decision& decision) {
  switch (decision.action) {
    case Action::kDelay:
    case Action::kDiskSlow:
    case Action::kHang:
      return Wait(decision);
    case Action::kExit:
    case Action::kAbort:
      return EndProcess(decision);
    case Action::kSignal:
      hooks::SignalSelf(static_cast<int>(decision.details->result), decision.time_ns);
      return;
    default:
      return;
  }
}

}  // namespace

int64_t RunWithFaults(Visit& visit) {
  Process& process = TheProcess();
  const uint32_t forks = process.forks.load(std::memory_order_relaxed);
  const int before = errno;  // a call that succeeds leaves errno as it was
  Decisions decisions, after;
  const size_t count = Decide(visit, decisions.of);
  ReportMatched(visit.call->api);
  size_t after_count = 0;
  const Decision *fails = nullptr, *times_out = nullptr, *shortens = nullptr;
  for (size_t i = 0; i < count; ++i) {
    const Decision& decision = decisions.of[i];
    if (!CanFire(visit, decision)) continue;
    Report(visit, decision);
    if (decision.details->at_exit)
      after.of[after_count++] = decision;
    else if (Fails(decision.action))
      fails = &decision;
    else if (decision.action == Action::kTimeOut)
      times_out = &decision;
    else if (decision.action == Action::kShort)
      shortens = &decision;
    else
      Act(decision);
  }
  errno = before;
  const int64_t result = fails != nullptr       ? RunFailing(visit, static_cast<int>(fails->details->result))
                         : times_out != nullptr ? RunTimedOut(visit, IsWhole(*times_out))
                         : shortens != nullptr  ? RunShort(visit, shortens->details->bytes_limit)
                                                : Trace(visit);
  if (process.forks.load(std::memory_order_relaxed) != forks)
    return result;  // the child has not been asked for
  const int error = errno;
  for (size_t i = 0; i < after_count; ++i) Act(after.of[i]);
  errno = error;
  return result;
}

}  // namespace rankle::sites
