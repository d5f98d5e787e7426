// Faults that can be tried at the call sites and instrumented points that profile runs reached. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/stitch/observation.h"
#include "cli/campaign/campaign_file.h"

namespace rankle::cli {

// What can be injected at the sites that the profile runs of `workload` reached and the filter chooses: for
// each the errors that its function has in practice (of a wait for readiness also that its time is over), and
// each delay; of instrumented points, that a throw throws, that a detector answers the opposite, and each
// delay of a loop. Left out is what only a few of the profile runs reached: it may not come again.
std::vector<stitch::Fault> FaultsOf(const stitch::Observations& observations, const std::string& workload,
                                    const PointFilter& filter, const std::vector<uint64_t>& delays_ns);

// What was asked for by `points` and is reached by no plain run of any workload, one sentence each.
std::vector<std::string> UnreachedPoints(const stitch::Observations& observations, const PointFilter& filter);

}  // namespace rankle::cli
