#include "analyzer/stitch/fca/tests.h"

#include <algorithm>

namespace rankle::stitch {

double Price(const FcaOptions& options, size_t injected_runs) {
  double share = options.looks.front().share;
  for (const Look& look : options.looks) {
    if (look.injected_runs <= injected_runs) share = look.share;
  }
  return 1 / share;
}

double Rate(const FcaOptions& options) {
  return options.method == Method::kWelch ? options.welch_p : options.rate;
}

void AddTests(const Comparison& comparison, size_t experiment, const std::vector<Hypothesis>& hypotheses,
              const FcaOptions& options, Tests& tests) {
  const double price = options.method == Method::kWelch ? 1.0 : Price(options, comparison.injected.size());
  tests.made += hypotheses.size();
  for (const Hypothesis& hypothesis : hypotheses) {
    if (hypothesis.value.least >= 1) continue;
    const PValue value{std::min(1.0, hypothesis.value.p * price),
                       std::min(1.0, hypothesis.value.least * price)};
    if (value.p <= Rate(options)) {
      const Row& row = comparison.rows[hypothesis.row];
      tests.candidates.push_back({experiment, row.key, ParentOf(row), hypothesis, tests.values.size()});
    }
    tests.values.push_back(value);
    tests.p.push_back(hypothesis.value.p);
    tests.experiments.push_back(experiment);
  }
}

void Decide(const FcaOptions& options, Tests& tests) {
  if (options.method == Method::kPermutation) {
    tests.discoveries = ControlFalseDiscoveries(tests.values, options.rate);
    return;
  }
  tests.discoveries.compared = tests.values.size();
  for (const PValue& value : tests.values) {
    // The published bound is a strict one.
    tests.discoveries.q.push_back(value.p < options.welch_p ? value.p : 1.0);
    tests.discoveries.found += value.p < options.welch_p;
  }
}

}  // namespace rankle::stitch
