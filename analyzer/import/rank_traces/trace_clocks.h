// Whose clock is ahead? A collective in which every rank needs every other one ends everywhere within
// microseconds. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/import/rank_traces/rank_trace.h"

namespace rankle::import {

// The ends of a collective on its ranks differ by microseconds; clocks that are apart by more are wrong.
inline constexpr int64_t kClocksDifferNs = 200'000;

// The end of a collective on one rank.
struct SharedEnd {
  size_t trace = 0;
  int64_t finished_ns = 0;
};

// How far the clock of each trace is ahead of the others', by the ends of the collectives that all ranks of
// their group have; 0 where that is less than clocks of one host may differ.
std::vector<int64_t> ClocksAhead(size_t traces, const std::vector<std::vector<SharedEnd>>& collectives);

// Takes `ahead` off all times that are told.
void ShiftClock(int64_t ahead, RankTrace& trace);

}  // namespace rankle::import
