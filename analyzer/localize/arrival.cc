#include "analyzer/localize/arrival.h"

#include <algorithm>
#include <memory>

#include "analyzer/localize/own_time.h"
#include "analyzer/localize/peer_comparison.h"

namespace rankle::localize {
namespace {

void Compare(const OwnTimes& times, std::vector<Lateness>& found) {
  if (times.iterations.size() < PeerComparison::kMinSlowIterations) return;
  std::vector<std::vector<int64_t>> own;
  for (const std::vector<OwnIteration>& series : times.series) {
    std::vector<int64_t>& row = own.emplace_back();
    row.reserve(series.size());
    for (const OwnIteration& iteration : series) row.push_back(iteration.own);
  }
  const PeerComparison comparison(std::move(own));
  const auto group = std::make_shared<const std::vector<int32_t>>(times.ranks);
  for (size_t r = 0; r < times.ranks.size(); ++r) {
    const std::optional<SlowSegment> s = comparison.FindSlow(r);
    if (!s.has_value()) continue;
    Lateness l;
    l.rank = times.ranks[r], l.peers = static_cast<int>(times.ranks.size()) - 1;
    l.by_steps = times.by_steps, l.group = group;
    l.first_iteration = times.iterations[s->first], l.last_iteration = times.iterations[s->last - 1];
    l.iterations = static_cast<int>(s->last - s->first), l.slow_iterations = s->slow_iterations;
    l.factor = s->factor, l.own_ns = s->own_ns, l.normal_ns = s->normal_ns;
    l.noise = s->noise, l.chance = s->chance, l.surprise = s->surprise;
    const OwnIteration &begin = times.series[r][s->first], &end = times.series[r][s->last - 1];
    l.iteration_ns = (end.end - begin.begin) / l.iterations;
    l.since = begin.begin;
    found.push_back(l);
  }
}

}  // namespace

std::vector<Lateness> FindLateness(const store::Store& store) {
  std::vector<Lateness> found;
  for (const OwnTimes& times : MeasureOwnTimes(store, 2)) Compare(times, found);
  std::stable_sort(found.begin(), found.end(),
                   [](const Lateness& a, const Lateness& b) { return a.surprise > b.surprise; });
  return found;
}

}  // namespace rankle::localize
