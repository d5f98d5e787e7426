// The published three-phase allocation. Pass 1: every injection in a few workloads, those that show the most
// of its local behaviour first. Pass 2: as many draws for each cluster of injections with like consequences,
// so that rare consequences get as much as common ones. Pass 3: injections whose consequences depend on the
// workload. Differs from the artifact where that slips (docs/causality.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/stitch/allocate/allocate.h"

namespace rankle::stitch {

// Of pass `pass` (0, 1, 2; later ones are empty), in order; may name experiments that were made.
std::vector<Choice> ThreePhaseExperiments(const Known& known, const std::vector<Injection>& injections,
                                          size_t pass, uint64_t seed, const AllocationOptions& options);

}  // namespace rankle::stitch
