// Our allocation. A fault can be part of a cycle only if something leads to its place, so experiments go
// first to faults at places that known effects lead to and that were tried least, in workloads that get there
// the way the effect did. Until effects are known it tries every injection once. docs/causality.md gives the
// reasons.
#pragma once

#include <vector>

#include "analyzer/stitch/allocate/allocate.h"

namespace rankle::stitch {

// All experiments that are left, the most promising first.
std::vector<Choice> DirectedExperiments(const Known& known, const std::vector<Injection>& injections);

}  // namespace rankle::stitch
