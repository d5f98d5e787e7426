#include "analyzer/import/rank_traces/trace_clocks.h"

#include <cstdlib>

#include "analyzer/localize/median.h"

namespace rankle::import {

std::vector<int64_t> ClocksAhead(size_t traces, const std::vector<std::vector<SharedEnd>>& collectives) {
  std::vector<std::vector<int64_t>> off(traces);
  for (const std::vector<SharedEnd>& ends : collectives) {
    std::vector<int64_t> times;
    times.reserve(ends.size());
    for (const SharedEnd& end : ends) times.push_back(end.finished_ns);
    const int64_t usual = localize::Median(times);
    for (const SharedEnd& end : ends) off[end.trace].push_back(end.finished_ns - usual);
  }
  std::vector<int64_t> ahead(traces);
  for (size_t t = 0; t < traces; ++t) {
    ahead[t] = localize::Median(off[t]);
    if (std::abs(ahead[t]) <= kClocksDifferNs) ahead[t] = 0;
  }
  return ahead;
}

void ShiftClock(int64_t ahead, RankTrace& trace) {
  for (RankOperation& o : trace.operations) {
    for (int64_t* time : {&o.called_ns, &o.started_ns, &o.finished_ns})
      *time -= *time == kNotTold ? 0 : ahead;
  }
  for (RankStep& s : trace.steps) s.begin_ns -= ahead, s.end_ns -= ahead;
}

}  // namespace rankle::import
