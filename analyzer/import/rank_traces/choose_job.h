// A directory of profiles may hold more than one job, or several profiles of one job (one a schedule cycle).
// Put together they would show ranks that wait for each other and never met. Pure.
#pragma once

#include <string>
#include <vector>

#include "analyzer/import/rank_traces/rank_trace.h"

namespace rankle::import {

// The profiles of one job at one time: of those that say one size of the job and lie at one time, the ones
// with the most ranks; of equally many, with the most operations; else the earliest. `notes` gets what was
// left out and why; `certain` becomes false when several files claim one rank and nothing tells them apart.
std::vector<RankTrace> ChooseJob(std::vector<RankTrace> traces, std::vector<std::string>& notes,
                                 bool& certain);

}  // namespace rankle::import
