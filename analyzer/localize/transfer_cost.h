// What slow transfers cost the job. Links work at the same time as computing and as each other, so the time
// that their steps took longer is not simply lost. Pure.
#pragma once

#include <vector>

#include "analyzer/localize/connections.h"
#include "analyzer/localize/iterations.h"
#include "analyzer/localize/transfer.h"

namespace rankle::localize {

// Fills cost_ns of each: its share of the time, of a usual iteration (median) of a series that its ranks take
// part in, but at most what such an iteration spends inside operations on the rank that waits least for
// others. It stays 0 where no iterations are known.
void AddCosts(const std::vector<IterationSeries>& series, std::vector<SlowTransfer>& transfers);

// The same of what the kernel saw: the share of the time beyond the usual one, of a mean iteration, because a
// link that flaps costs few iterations much.
void AddCosts(const store::Store& store, const std::vector<IterationSeries>& series,
              std::vector<SlowConnection>& connections);

}  // namespace rankle::localize
