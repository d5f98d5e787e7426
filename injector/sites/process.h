// What librankle-libc.so knows about its process: configuration, plan, site record. One object for the life
// of the process, never destroyed: hooks run before our constructors and after our destructors.
#pragma once

#include <atomic>
#include <cstdint>

#include "injector/plan/control.h"
#include "injector/plan/decide.h"
#include "tracer/sites/recorder.h"

namespace rankle::sites {

enum class Phase : uint32_t {
  kEarly,     // the library's constructor has not run: calls pass through
  kOff,       // nothing to record and nothing to inject
  kNew,       // the record is made by the next call
  kStarting,  // a thread is making it; calls pass through meanwhile
  kReady,
};

struct Process {
  std::atomic<Phase> phase{Phase::kEarly};
  std::atomic<uint32_t> forks{0};  // times that this memory became a child's
  bool forked = false;             // a child that has not opened its own record yet
  uint64_t start_ns = 0;

  Recorder recorder;
  plan::ArmedPlan plan;
  plan::Engine engine;
  plan::Target target;
  char host[64] = {};
  plan::ControlPage* control = nullptr;
  std::atomic<uint64_t> reported[plan::kMaxFaults] = {};  // matches that the control page has
};

Process& TheProcess();

// Reads the environment; called by the library's constructor.
void Configure();

// Makes the record where that has not happened. False: switched off, or somebody is at it.
bool EnsureStarted();
inline bool IsReady() { return TheProcess().phase.load(std::memory_order_acquire) == Phase::kReady; }

// Address of the outermost hook's frame while the thread is inside one, else 0.
extern constinit thread_local uint64_t t_inside __attribute__((tls_model("initial-exec")));

// Enters the outermost hook on this thread. False: the thread is inside one. The remembered frame or one
// above it: that hook was left by an exception. Jumps leave theirs before (leaving.h).
inline bool EnterHook(const uint64_t* frame) {
  const auto here = reinterpret_cast<uint64_t>(frame);
  if (t_inside != 0 && here < t_inside) return false;
  t_inside = here;
  return true;
}
inline void LeaveHook() { t_inside = 0; }

}  // namespace rankle::sites
