// Where more runs would probably tell what the present ones leave open.
#pragma once

#include <vector>

#include "analyzer/stitch/fca/comparison.h"
#include "analyzer/stitch/fca/tests.h"

namespace rankle::stitch {

// By comparison, then profile runs by workload. Experiments below the first look are always among them.
std::vector<Repeats> NeededRepeats(const std::vector<Comparison>& comparisons, const AllTests& tests,
                                   const FcaOptions& options);

}  // namespace rankle::stitch
