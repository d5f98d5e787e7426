#include "injector/hooks/steps.h"

#include "injector/hooks/os.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

void SetStep(Process& process, int64_t step) {
  process.step.store(step, std::memory_order_relaxed);
  if (process.writer.is_open()) process.writer.header()->step.store(step, std::memory_order_relaxed);
}

}  // namespace

void ObserveStep(const HookCall& call, const Comm* comm) {
  Process& process = TheProcess();
  if (process.step_is_marked.load(std::memory_order_relaxed) || !call.In(api::kCollective)) return;
  // One thread at a time; what another thread issues at the same moment is not seen.
  if (process.detector_busy.test_and_set(std::memory_order_acquire)) return;
  // Cheap and good enough: the detector compares, it does not index.
  const uint64_t signature =
      (call.count() * 0x9e3779b97f4a7c15ull ^ (comm != nullptr ? comm->id : 0)) + call.info->id;
  const int64_t step = process.detector.Observe(signature);
  process.detector_busy.clear(std::memory_order_release);
  if (step >= 0 && step != process.step.load(std::memory_order_relaxed)) SetStep(process, step);
}

void MarkStep(int64_t step) {
  Process& process = TheProcess();
  process.step_is_marked.store(true, std::memory_order_relaxed);
  SetStep(process, step);
  record::NewRecord record;
  record.kind = record::Kind::kMark;
  record.entered_ns = MonotonicNs();
  record.count = static_cast<uint64_t>(step);
  if (const ThreadState* thread = CurrentThread()) record.thread = thread->number;
  process.writer.Write(record);
  process.step_begins.store(true, std::memory_order_relaxed);
}

bool BeginsStep(const HookCall& call) {
  std::atomic<bool>& begins = TheProcess().step_begins;
  return call.In(api::kLaunch | api::kMemcpy) && begins.load(std::memory_order_relaxed) &&
         begins.exchange(false, std::memory_order_relaxed);
}

}  // namespace rankle::hooks
