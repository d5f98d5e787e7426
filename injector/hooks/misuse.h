// Witnesses of misuse: what a program does with NCCL that its rules forbid and that no error code tells. Each
// is seen where it happens and becomes one record (record::Misuse) for each kind, call site and communicator;
// the table of what was recorded is fixed, and what does not fit into it is not told. Nothing here changes
// the call. They are the run-time side of the checks of `rankle lint` (docs/checks).
#pragma once

#include "injector/hooks/allocations.h"
#include "injector/hooks/call.h"
#include "injector/hooks/comms.h"
#include "injector/hooks/thread_state.h"
#include "tracer/record/format.h"

namespace rankle::hooks {

// A call on a communicator that was freed, or of which nobody knows yet whether its last call is through.
// `comm` = what the handle leads to, may be nullptr.
void CheckHandle(const HookCall& call, const Comm* comm);
// Does the operation stay within the allocations that its buffers lie in?
void CheckBuffers(const HookCall& call, const Comm* comm);

// An operation that is about to be issued.
inline void CheckOperation(const HookCall& call, const Comm* comm) {
  if (comm == nullptr || comm->in_progress.load(std::memory_order_relaxed)) [[unlikely]]
    CheckHandle(call, comm);
  if (TheAllocations().any()) CheckBuffers(call, comm);
}

// The host is about to wait for the device.
void NoteBlockedInGroup(const HookCall& call, const ThreadState& thread);
inline void CheckBlocking(const HookCall& call) {
  const ThreadState* thread = t_state;
  // NCCL's own calls know about groups, and what was launched before this one may be waited for.
  if (thread == nullptr || thread->operations == 0 || !call.info->blocking) return;
  if (call.info->library != api::Library::kNccl) NoteBlockedInGroup(call, *thread);
}

// A nonblocking communicator has work to do that only ncclCommGetAsyncError tells the end of.
inline void NoteInProgress(Comm* comm) {
  if (comm != nullptr) comm->in_progress.store(true, std::memory_order_relaxed);
}

// ncclGroupEnd failed, and there was no group.
void NoteGroupNotStarted(const HookCall& call);
// The thread ends, or with it the process, when `exit_status` is one.
void NoteGroupLeftOpen(const ThreadState& thread, int32_t exit_status = record::kNoPeer);

void ResetMisuse();

}  // namespace rankle::hooks
