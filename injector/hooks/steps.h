// The training step that the process is in: marked by the program, by NVTX ranges named step*, or found from
// the period of its collectives.
#pragma once

#include <cstdint>

#include "injector/hooks/call.h"
#include "injector/hooks/comms.h"

namespace rankle::hooks {

// A collective was issued: feeds the step detector while no mark has been seen.
void ObserveStep(const HookCall& call, const Comm* comm);
// The program says so.
void MarkStep(int64_t step);

}  // namespace rankle::hooks
