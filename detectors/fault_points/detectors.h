// Negation points: boolean error detectors. Functions of the user's sources that return bool are points at
// their definition, with CSnake's rules for dropping: what only compares, has a constant answer, or asks
// nothing but constants, parameters and the standard library, cannot be wrong about the world. Answers of
// library objects (Status::ok, weak_ptr::expired) are points where they are asked for.
#pragma once

#include "detectors/fault_points/syntax.h"
#include "detectors/fault_points/unit.h"

namespace rankle::points {

void FindDetectors(Unit& unit, const FunctionBody& body);

// USRs of bool functions whose answers this body looks at.
void FindUsedResults(Unit& unit, const FunctionBody& body);

}  // namespace rankle::points
