// Going over the limit on file sizes (ulimit -f) is by default a signal that ends the process, SIGXFSZ. A
// file that rankle makes inside a job, a memfd counts too, must not end the job: between these two the call
// of this thread that goes over the limit only fails with EFBIG.
//
// Two functions and no destructor: cleaning up after exceptions would pull the C++ runtime into librankle.so.
#pragma once

#include <signal.h>

#include <ctime>

namespace rankle::record {

struct HeldFileSizeSignal {
  sigset_t before;
  bool was_pending;  // the program's own
};

inline HeldFileSizeSignal HoldFileSizeSignal() {
  HeldFileSizeSignal held;
  sigset_t over_limit, pending;
  sigemptyset(&over_limit);
  sigaddset(&over_limit, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &over_limit, &held.before);
  sigpending(&pending);
  held.was_pending = sigismember(&pending, SIGXFSZ) == 1;
  return held;
}

// Swallows the signal of the calls since.
inline void ReleaseFileSizeSignal(const HeldFileSizeSignal& held) {
  sigset_t over_limit;
  sigemptyset(&over_limit);
  sigaddset(&over_limit, SIGXFSZ);
  const timespec now{};
  if (!held.was_pending) sigtimedwait(&over_limit, nullptr, &now);
  pthread_sigmask(SIG_SETMASK, &held.before, nullptr);
}

}  // namespace rankle::record
