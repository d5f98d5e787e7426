// At which later hit than the first a fault that comes once is tried. Pure.
#pragma once

#include <vector>

#include "analyzer/stitch/observation.h"
#include "cli/campaign/campaign_file.h"

namespace rankle::cli {

// Those of the faults that come once, at a later hit instead of the first: the middle one of a process in the
// first `plain_runs` plain runs of the workload (always the same ones, so that it does not change while a
// campaign goes on). Left out: sites with few hits, and those of processes whose number is not known.
std::vector<stitch::Fault> AtLaterHits(const std::vector<stitch::Fault>& faults,
                                       const stitch::Observations& observations, const Workload& workload,
                                       int plain_runs);

}  // namespace rankle::cli
