#include "analyzer/stitch/fca/more_work.h"

#include <numeric>
#include <set>

#include "analyzer/stitch/fca/rank_sum.h"
#include "analyzer/stitch/fca/welch.h"

namespace rankle::stitch {
namespace {

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / values.size();
}

bool IsSteady(const std::vector<double>& plain, const std::vector<double>& injected) {
  std::set<double> values(plain.begin(), plain.end());
  values.insert(injected.begin(), injected.end());
  return values.size() <= 2;
}

// As published: a site that plain runs never reach has more work at once, a call site that they never reach
// is passed over, all others by the t-test. (Constant counts give no p there: nothing is found.)
PValue Published(bool site_in_plain, const std::vector<double>& plain, const std::vector<double>& injected) {
  if (!site_in_plain) return {Mean(injected) > 0 ? 0.0 : 1.0, 0};
  if (Mean(plain) == 0) return {1, 0};
  return {WelchP(plain, injected).value_or(1), 0};
}

}  // namespace

WorkTests TestWork(const Comparison& comparison, const FcaOptions& options) {
  std::set<Place> in_plain;
  for (const Row& row : comparison.rows) {
    for (const SiteObservation* observation : row.plain) {
      if (observation != nullptr && observation->hits > 0) in_plain.insert(row.key.place);
    }
  }
  WorkTests tests;
  for (size_t row = 0; row < comparison.rows.size(); ++row) {
    const Place& place = comparison.rows[row].key.place;
    if (IsOwnPlace(comparison.fault, place)) continue;
    const std::vector<double> plain = ScaledCounts(comparison, comparison.rows[row], false);
    const std::vector<double> injected = ScaledCounts(comparison, comparison.rows[row], true);
    Hypothesis hypothesis{
        .row = row, .value = {}, .plain_mean = Mean(plain), .injected_mean = Mean(injected)};
    if (options.method == Method::kWelch) {
      hypothesis.value = Published(in_plain.contains(place), plain, injected);
    } else {
      hypothesis.value = RankSum(plain, injected);
      if (hypothesis.injected_mean < options.least_ratio * hypothesis.plain_mean) hypothesis.value.p = 1;
    }
    (IsSteady(plain, injected) ? tests.steady : tests.varying).push_back(hypothesis);
  }
  return tests;
}

}  // namespace rankle::stitch
