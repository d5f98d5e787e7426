// Applies what the plan decides to one call. The decisions are the plan engine's; here they are carried out,
// each in the file of its kind (act_*.cc).
#pragma once

#include "injector/hooks/call.h"
#include "injector/hooks/thread_state.h"
#include "injector/plan/decide.h"

namespace rankle::hooks {

// Runs a call at which faults are aimed: decides, acts before, traces and calls, acts after.
int RunWithFaults(HookCall& call, Handler handler);
// Runs a call after the device was "lost": it fails unless it belongs to clean-up.
int RunOnLostDevice(HookCall& call, Handler handler);

// Carries out what had to wait for the end of a group.
void ActOnGrouped(const GroupedAction& action);

// Lets faults aimed at the process itself fire. Called by the background thread.
void Tick();

// ---- What the act_*.cc files offer; each returns false when the action cannot apply to this call.

// act_wait.cc. What ended a hang.
enum class HangEnd { kReleased, kCommAborted };
void Delay(const plan::Decision& decision);
HangEnd Hang(const HookCall& call, const plan::Decision& decision);

// act_arguments.cc
bool Mutate(HookCall& call, const plan::Decision& decision);

// act_corrupt.cc
// Does the buffer reach to the fault's offset? An offset beyond it is never moved inside.
bool CanCorrupt(const HookCall& call, const plan::Decision& decision);
bool CorruptBefore(const HookCall& call, const plan::Decision& decision);
bool CorruptAfter(const HookCall& call, const plan::Decision& decision);
bool CorruptOnStream(void* buffer, int64_t bytes, int dtype, cudaStream_t stream,
                     const plan::Decision& decision);

// act_device.cc
bool SlowKernelBefore(const HookCall& call, const plan::Decision& decision);
bool SlowKernelAfter(const HookCall& call, const plan::Decision& decision);
bool SlowCopy(const HookCall& call, const plan::Decision& decision);
void LoseDevice(const plan::Decision& decision);
bool Leak(const plan::Decision& decision);

// act_process.cc. These may not return.
void EndProcess(const plan::Decision& decision);
bool SendSignal(const plan::Decision& decision);
bool ThrowException(const plan::Decision& decision);

// act_python.cc
bool HoldInterpreterLock(const plan::Decision& decision);
// In a call from Python, which holds the lock: the exception is set, and Python raises it when the call
// returns.
bool RaisePythonException(const plan::Decision& decision);

// act_order.cc: `swap`. Hold copies the call; false when it cannot be held.
bool Hold(const HookCall& call, Handler handler, const plan::Decision& decision);
// A call that is held and waits for one like this; false when there is none. Claims it.
bool TakeHeld(const HookCall& call, uint16_t* fault);
void RunTakenHeld();

}  // namespace rankle::hooks
