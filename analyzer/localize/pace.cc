#include "analyzer/localize/pace.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "analyzer/localize/change_points.h"
#include "analyzer/localize/median.h"

namespace rankle::localize {
namespace {

// A stretch is as slow as another when its median is at least this part of the other's.
constexpr double kAsSlow = 0.9;

std::vector<double> Column(const std::vector<Iteration>& iterations, size_t begin, size_t end, auto member) {
  std::vector<double> values;
  for (size_t i = begin; i < end; ++i) values.push_back(static_cast<double>(iterations[i].*member));
  return values;
}

// The stretch `k` is as slow as another one, with a faster one in between.
bool Recurs(const std::vector<double>& medians, size_t k) {
  for (int direction : {-1, 1}) {
    bool faster_between = false;
    for (auto i = static_cast<ptrdiff_t>(k) + direction; i >= 0 && i < static_cast<ptrdiff_t>(medians.size());
         i += direction) {
      const bool as_slow = medians[i] >= kAsSlow * medians[k];
      if (as_slow && faster_between) return true;
      faster_between |= !as_slow;
    }
  }
  return false;
}

// The last of the stretches from `k` on that are as slow: with enough iterations a change of 1 % is certain
// too, and does not end a slow-down.
size_t Last(const std::vector<double>& medians, size_t k) {
  size_t last = k;
  while (last + 1 < medians.size() && medians[last + 1] >= kAsSlow * medians[k]) ++last;
  return last;
}

void AddChanges(const IterationSeries& series, const std::vector<ChangePoint>& changes,
                const ChangeSettings& settings, std::vector<PaceChange>& found) {
  const auto& all = series.iterations;
  std::vector<size_t> bounds{0};
  for (const ChangePoint& change : changes) bounds.push_back(change.at);
  bounds.push_back(all.size());
  std::vector<double> medians;
  for (size_t k = 0; k + 1 < bounds.size(); ++k) {
    medians.push_back(Median(Column(all, bounds[k], bounds[k + 1], &Iteration::length_ns)));
  }
  for (size_t k = 1; k < medians.size(); ++k) {
    const size_t before = bounds[k - 1], at = bounds[k], end = bounds[Last(medians, k) + 1];
    const auto medians_of = [&](auto member) {
      return std::pair(Median(Column(all, before, at, member)), Median(Column(all, at, end, member)));
    };
    const std::vector<double> old_pace = Column(all, before, at, &Iteration::length_ns),
                              new_pace = Column(all, at, end, &Iteration::length_ns);
    const auto [old_elements, new_elements] = medians_of(&Iteration::elements);
    const auto [old_communication, new_communication] = medians_of(&Iteration::communication_ns);
    PaceChange c;
    c.ranks = series.ranks, c.by_steps = series.by_steps;
    c.first_iteration = all[at].number;
    c.iterations_before = static_cast<int>(at - before), c.iterations_after = static_cast<int>(end - at);
    c.since = all[at].begin, c.until = all[end - 1].begin + all[end - 1].length_ns;
    c.lasts = end == all.size();
    c.before_ns = static_cast<int64_t>(medians[k - 1]), c.after_ns = static_cast<int64_t>(Median(new_pace));
    c.worst_before_ns = static_cast<int64_t>(WorstStretch(old_pace, settings.shortest));
    c.communication_before_ns = static_cast<int64_t>(old_communication);
    c.communication_after_ns = static_cast<int64_t>(new_communication);
    c.superiority = Superiority(old_pace, new_pace);
    c.work_factor = old_elements > 0 ? new_elements / old_elements : 1;
    c.recurs = Recurs(medians, k);
    c.q = changes[k - 1].p;
    found.push_back(std::move(c));
  }
}

}  // namespace

double Superiority(std::vector<double> a, const std::vector<double>& b) {
  std::sort(a.begin(), a.end());
  double wins = 0;
  for (double value : b) {
    const auto [low, high] = std::equal_range(a.begin(), a.end(), value);
    wins += static_cast<double>(low - a.begin()) + static_cast<double>(high - low) / 2;
  }
  return wins / (static_cast<double>(a.size()) * static_cast<double>(b.size()));
}

double WorstStretch(const std::vector<double>& values, size_t length) {
  double worst = 0;
  for (size_t i = 0; i + length <= values.size(); i += length) {
    worst = std::max(worst, Median<double>({values.begin() + i, values.begin() + i + length}));
  }
  return worst;
}

std::vector<PaceChange> FindPaceChanges(const std::vector<IterationSeries>& series) {
  const ChangeSettings settings;
  struct Tested {
    double p = 1;
    std::vector<PaceChange> changes;
  };
  std::vector<Tested> tested;
  for (const IterationSeries& s : series) {
    if (s.iterations.size() < 2 * settings.shortest) continue;
    const std::vector<ChangePoint> changes =
        FindChangePoints(Column(s.iterations, 0, s.iterations.size(), &Iteration::length_ns), settings);
    Tested& t = tested.emplace_back();
    for (const ChangePoint& change : changes) t.p = std::min(t.p, change.p);
    AddChanges(s, changes, settings, t.changes);
  }
  std::stable_sort(tested.begin(), tested.end(), [](const Tested& a, const Tested& b) { return a.p < b.p; });
  std::vector<PaceChange> found;
  double q = 1;
  for (size_t i = tested.size(); i-- > 0;) {
    q = std::min(q, tested[i].p * static_cast<double>(tested.size()) / static_cast<double>(i + 1));
    for (PaceChange& change : tested[i].changes) {
      change.q = std::max(change.q, q);
      found.push_back(std::move(change));
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const PaceChange& a, const PaceChange& b) { return a.since < b.since; });
  return found;
}

}  // namespace rankle::localize
