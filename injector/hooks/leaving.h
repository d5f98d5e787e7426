// Hooks that are left without returning: a signal handler that jumps out of the call that it interrupted (the
// usual time-out of a read), or ends the thread or the process from there. The thread would count as inside
// the hook from then on, and its calls from deeper frames would pass unseen. exports_leaving.cc stands in
// front of the functions that do so, in librankle.so and in librankle-libc.so alike; each library gives it
// these two.
#pragma once

namespace rankle {

// The thread is in no hook any more. Async-signal-safe.
void LeaveHookByJump();
// The function of that name behind this library's.
void* NextFunction(const char* name);

}  // namespace rankle
