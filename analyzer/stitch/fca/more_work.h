// S+ edges: more calls or iterations of another site for the same amount of work.
#pragma once

#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/fca/hypothesis.h"

namespace rankle::stitch {

// One hypothesis for each row outside the fault's own places.
std::vector<Hypothesis> TestWork(const Comparison& comparison, const FcaOptions& options);

}  // namespace rankle::stitch
