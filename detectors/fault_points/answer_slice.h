// What the answer of a function depends on: everything that its returned expressions and the conditions on
// the way to them read, through its local variables.
#pragma once

#include "detectors/fault_points/syntax.h"
#include "detectors/fault_points/unit.h"

namespace rankle::points {

struct AnswerSlice {
  bool constant = true;      // every return gives the same literal
  bool state = false;        // members or globals that can change
  bool library = false;      // calls into libraries that are not known to reach outside
  bool outside = false;      // calls that reach outside the process, wait or return errors
  bool application = false;  // calls of the user's functions that may depend on any of these
};

// `callees`: how many levels of the user's functions are looked into.
AnswerSlice SliceAnswer(Unit& unit, const FunctionBody& body, int callees);

}  // namespace rankle::points
