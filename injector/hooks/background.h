// The one background thread: polls device times, keeps the heartbeat, adds up what faults matched, and gives
// faults aimed at the process itself (`on: process`) a chance to fire between calls.
#pragma once

namespace rankle::hooks {

// Starts the thread; all signals stay blocked in it.
void StartBackground();
// A last poll, then the end of the thread; returns after a second at the latest. Called where the process
// ends.
void JoinBackground();
// In a forked child, which has no such thread.
void ForgetBackground();

}  // namespace rankle::hooks
