// Does a loop try again after errors, does it wait for a time: what its own body says, inner loops and
// lambdas apart.
#pragma once

#include "detectors/fault_points/syntax.h"
#include "detectors/fault_points/unit.h"

namespace rankle::points {

// A handler that goes on with the next iteration; `continue` under a test of an error; a condition that asks
// for errno; a head that counts attempts.
bool IsRetry(Unit& unit, const FunctionBody& body, int loop, const std::string& head);
// A sleep, or a wait with a limit, in its own body and not in a handler.
bool IsTimer(Unit& unit, const FunctionBody& body, int loop);

}  // namespace rankle::points
