// Records of calls and operations. Nothing here allocates, locks or fails.
#pragma once

#include "injector/hooks/call.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {

// The fields every record of this call shares.
record::NewRecord Describe(const HookCall& call, record::Kind kind, uint64_t now_ns);

// The number that an operation takes in its communicator, and its record. `comm` may be nullptr.
uint32_t TakeSequence(bool p2p, Comm* comm);
record::NewRecord DescribeOperation(const HookCall& call, Comm* comm, uint32_t seq);

// A record of a call that is being made; Finish says how it ended.
record::Record* BeginCallRecord(const HookCall& call, uint16_t comm_index);
void FinishCallRecord(const HookCall& call, record::Record* record, int result);

// A call that never reached the real function because a fault failed it.
void RecordFailedByFault(const HookCall& call, int result);
void RecordInjection(const HookCall& call, const plan::Decision& decision);

// Writes the operations that a graph launch repeats; the span is around the launch.
void RecordGraphReplay(const HookCall& call, const void* graph, uint64_t entered_ns, Span* span);

// The index of a call site in the flight record + 1, 0 = none.
uint32_t SiteOf(const void* caller);

}  // namespace rankle::hooks
