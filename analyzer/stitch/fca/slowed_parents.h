// Parent edges: one iteration of a parent loop holds more iterations of the loop within, so the parent is
// slower.
#pragma once

#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/fca/hypothesis.h"

namespace rankle::stitch {

// One hypothesis for each row that has a parent, outside the fault's own places.
std::vector<Hypothesis> TestParents(const Comparison& comparison, const FcaOptions& options);

}  // namespace rankle::stitch
