// Puts the hosts of a job on one time axis. All members of an all-reduce (or another collective in which
// every member needs every other) leave it within its finish spread, so the ends of shared collectives tell
// how the clocks of two hosts differ: a robust line through the differences gives offset and drift, its
// residuals the uncertainty. Where hosts have finished no collective together, the creation of a communicator
// (which also ends for all at once) has to do. Pure.
//
// What is lost: members that always leave later than others, by the same time, look like an offset; that bias
// is within the uncertainty as far as it shows among ranks of one host.
#pragma once

#include <vector>

#include "analyzer/store/store.h"

namespace rankle::import {

// One row a host, the reference (host of the lowest rank) first. Needs operations, processes and ranks;
// member indices are not used. Empty for a job on one host.
std::vector<store::HostClock> EstimateClocks(const store::Store& store);

// Moves every time of the store to the clock of the reference host.
void AlignClocks(const std::vector<store::HostClock>& clocks, store::Store& store);

}  // namespace rankle::import
