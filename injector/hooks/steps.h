// The training step that the process is in: marked by the program, by NVTX ranges named step*, or found from
// the period of its collectives.
#pragma once

#include <cstdint>

#include "injector/hooks/call.h"
#include "injector/hooks/comms.h"

namespace rankle::hooks {

// A collective was issued: feeds the step detector while no mark has been seen.
void ObserveStep(const HookCall& call, const Comm* comm);
// Writes the mark; from now on steps are not guessed any more.
void MarkStep(int64_t step);

// Is this the first call since the last mark that gives work to the device? True once a step: what the host
// did before it (loading data, say) shows only by its time, so it is recorded.
bool BeginsStep(const HookCall& call);

// marks.cc: the program says so, through rankleMarkStep or with an NVTX range of that name.
void Mark(int64_t step, const void* caller);
void MarkRange(const char* name, const void* caller);

}  // namespace rankle::hooks
