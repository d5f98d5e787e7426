// Ranks of traces that do not tell theirs, by the names of their files.
#pragma once

#include <vector>

#include "analyzer/import/rank_traces/rank_trace.h"

namespace rankle::import {

// Sets RankTrace::rank where it is not told, if the names leave no doubt: every one of them holds another
// number, which no other trace has, and either the word "rank" before it, or all together are 0, 1, 2, ...
// (dates and versions in names are numbers, too). A single file is left alone.
void NumberByNames(std::vector<RankTrace>& traces);

}  // namespace rankle::import
