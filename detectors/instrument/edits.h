// Puts edits into a source text. Pure.
#pragma once

#include <string>
#include <vector>

#include "detectors/fault_points/point.h"

namespace rankle::instrument {

struct Edited {
  std::string text;
  std::vector<std::string> refused;  // points whose edits overlap others, or lie outside the text
};

// Wraps ranges, which may lie in each other. Of equal ranges the first one given is the outer one; an
// insertion (begin == end) stands before what begins there. A point whose range overlaps an earlier one is
// left out with all its edits.
Edited ApplyEdits(const std::string& source, const std::vector<points::Edit>& edits);

}  // namespace rankle::instrument
