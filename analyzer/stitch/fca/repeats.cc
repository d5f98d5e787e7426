#include "analyzer/stitch/fca/repeats.h"

#include <algorithm>
#include <map>
#include <string>

#include "analyzer/stitch/fca/undecided.h"

namespace rankle::stitch {
namespace {

// By comparison: tests that more runs would probably tell.
std::vector<size_t> Undecided(const std::vector<Comparison>& comparisons, const AllTests& all,
                              const FcaOptions& options) {
  std::vector<size_t> undecided(comparisons.size(), 0);
  const Look& last = options.looks.back();
  for (const Tests& tests : all) {
    if (tests.values.empty()) continue;
    // With more runs all of them will count, also those that so few runs could not have told.
    const double needed = options.rate * (tests.discoveries.found + 1) / tests.values.size();
    for (size_t i = 0; i < tests.values.size(); ++i) {
      const Comparison& comparison = comparisons[tests.experiments[i]];
      const Sizes now{comparison.plain.size(), comparison.injected.size()};
      const Sizes then{std::max(now.plain, options.plain_runs), std::max(now.injected, last.injected_runs)};
      if (tests.discoveries.q[i] > options.rate &&
          IsUndecided(tests.p[i], std::min(1.0, needed * last.share), now, then)) {
        ++undecided[tests.experiments[i]];
      }
    }
  }
  return undecided;
}

}  // namespace

std::vector<Repeats> NeededRepeats(const std::vector<Comparison>& comparisons, const AllTests& tests,
                                   const FcaOptions& options) {
  const std::vector<size_t> undecided = Undecided(comparisons, tests, options);
  std::vector<Repeats> repeats;
  std::map<std::string, Repeats> profiles;
  for (size_t i = 0; i < comparisons.size(); ++i) {
    const Comparison& comparison = comparisons[i];
    const size_t have = comparison.injected.size();
    const auto next = std::find_if(options.looks.begin(), options.looks.end(),
                                   [&](const Look& look) { return look.injected_runs > have; });
    const bool first = have < options.looks.front().injected_runs;
    if (next != options.looks.end() && (first || undecided[i] > 0)) {
      repeats.push_back({comparison.workload, comparison.fault, have, next->injected_runs, undecided[i]});
    }
    Repeats& profile = profiles[comparison.workload];
    const size_t plain = comparison.plain.size();
    const size_t want = std::min(options.plain_runs, std::max(options.first_plain_runs, 2 * plain));
    profile = {comparison.workload, {}, plain, want, profile.undecided + undecided[i]};
  }
  for (const auto& [workload, profile] : profiles) {
    if (profile.have < profile.want && profile.undecided > 0) repeats.push_back(profile);
  }
  return repeats;
}

}  // namespace rankle::stitch
