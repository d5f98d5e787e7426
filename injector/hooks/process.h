// What librankle.so knows about its process: configuration, plan, flight record, communicators. One object
// for the life of the process, made on the first intercepted call, never destroyed (hooks run before our
// constructors and after our destructors).
#pragma once

#include <atomic>
#include <cstdint>

#include "injector/hooks/call.h"
#include "injector/hooks/comms.h"
#include "injector/hooks/device_times.h"
#include "injector/hooks/pointer_map.h"
#include "injector/hooks/thread_state.h"
#include "injector/plan/control.h"
#include "injector/plan/decide.h"
#include "tracer/record/writer.h"

namespace rankle::hooks {

enum class Phase : uint32_t { kNew = 0, kStarting = 1, kReady = 2, kOff = 3 };

// Large and zero at start: kept apart, so that they take no room in the file and no memory before they are
// used.
struct Tables {
  CommTable comms;
  DeviceTimes times;
  PointerMap<uint32_t, 2048> streams;  // stream -> small number
};
extern Tables g_tables;

struct Process {
  std::atomic<uint32_t> phase{static_cast<uint32_t>(Phase::kNew)};
  uint64_t start_ns = 0;
  bool forked = false;  // a child that has not opened its own record yet

  record::Writer writer;
  plan::ArmedPlan plan;
  plan::Engine engine;
  bool plan_needs_clock = false;  // some fault has `after` or `until`
  plan::Target target;
  char host[64] = {};
  plan::ControlPage* control = nullptr;

  CommTable& comms = g_tables.comms;
  DeviceTimes& times = g_tables.times;
  PointerMap<uint32_t, 2048>& streams = g_tables.streams;
  std::atomic<uint32_t> last_stream{0};
  std::atomic<uint32_t> last_group{0};
  std::atomic<uint32_t> captures{0};  // streams that are being captured now
  std::atomic<int> largest_comm{0};   // size of the communicator that gave the process its rank
  std::atomic<int> sticky_error{0};   // `gpu-lost`: what every CUDA call answers from then on
  std::atomic<int64_t> step{-1};
  std::atomic<bool> step_is_marked{false};
  std::atomic<bool> program_marks{
      false};  // the program itself marks its steps: a framework's marks are left out
  std::atomic<bool> step_begins{false};  // no work has been given to the device since the last mark
  plan::StepDetector detector;
  std::atomic_flag detector_busy;
};

Process& TheProcess();

// Opens the record and arms the plan when that has not happened; false when rankle is switched off in this
// process.
bool EnsureStarted();
inline bool IsStarted() {
  return TheProcess().phase.load(std::memory_order_acquire) == static_cast<uint32_t>(Phase::kReady);
}

// Enters the outermost hook on this thread. False: pass through (inside another hook, or switched off).
inline bool EnterHook() {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  // The remembered frame or one above it: that hook was left by an exception. Jumps leave theirs before
  // (leaving.h).
  if (t_inside != 0 && here < t_inside) return false;
  if (!IsStarted() && !EnsureStarted()) return false;
  t_inside = here;
  return true;
}
inline void LeaveHook() { t_inside = 0; }

// The small number of a stream in this process; 0 is the default stream (legacy or per thread).
uint32_t StreamNumber(cudaStream_t stream);
cudaStream_t StreamWithNumber(uint32_t number);

// In a forked child: nothing of the parent's record may be touched any more; the next call opens the child's
// own.
void ForgetParent();

// For unit tests: starts with these values instead of the environment.
struct TestSetup {
  const char* record_path = nullptr;
  const void* plan = nullptr;
  size_t plan_bytes = 0;
  plan::ControlPage* control = nullptr;
  int32_t rank = 0;
  uint32_t sample = 0;  // every n-th operation
};
void StartForTest(const TestSetup& setup);

}  // namespace rankle::hooks
