// Loop points: where a delay makes everything behind it late, and whose iteration counts tell of load.
// Marked: I/O (settled when units are merged, for calls reach far), retry, timer. Constant short loops and
// pure computation are dropped, when that is known.
#pragma once

#include "detectors/fault_points/syntax.h"
#include "detectors/fault_points/unit.h"

namespace rankle::points {

void FindLoops(Unit& unit, const FunctionBody& body);

}  // namespace rankle::points
