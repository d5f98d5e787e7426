// E edges: signatures that a fault brings about where it was not injected.
#pragma once

#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/fca/hypothesis.h"

namespace rankle::stitch {

// One hypothesis for each row and signature that an injected run showed, outside the fault's own places.
std::vector<Hypothesis> TestBehaviour(const Comparison& comparison, const FcaOptions& options);

// How the fault's own places behaved once it was injected: what the stitching of two edges is checked by.
std::vector<Experiment::Own> OwnBehaviour(const Comparison& comparison, const FcaOptions& options);

}  // namespace rankle::stitch
