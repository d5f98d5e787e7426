#include "analyzer/localize/trend.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace rankle::localize {

Trend FindTrend(const std::vector<double>& values) {
  Trend trend;
  const size_t n = values.size();
  if (n < 3) return trend;
  std::vector<double> slopes;
  double balance = 0;  // rising pairs less falling ones
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i + 1; j < n; ++j) {
      slopes.push_back((values[j] - values[i]) / static_cast<double>(j - i));
      balance += (values[j] > values[i]) - (values[j] < values[i]);
    }
  }
  std::nth_element(slopes.begin(), slopes.begin() + slopes.size() / 2, slopes.end());
  trend.slope = slopes[slopes.size() / 2];

  std::map<double, double> ties;
  for (double value : values) ++ties[value];
  const auto term = [](double m) { return m * (m - 1) * (2 * m + 5); };
  double variance = term(static_cast<double>(n));
  for (const auto& [value, count] : ties) variance -= term(count);
  variance /= 18;
  if (variance > 0) trend.p = std::erfc((balance - 1) / std::sqrt(variance) / std::sqrt(2.0)) / 2;

  double up = 0, down = 0;
  for (size_t i = 1; i < n; ++i) {
    const double step = values[i] - values[i - 1];
    trend.rises += step > 0;
    (step > 0 ? up : down) += std::abs(step);
  }
  trend.rises /= static_cast<double>(n - 1);
  trend.given_back = up > 0 ? down / up : 0;
  const double whole = values[n - 1] - values[0];
  if (whole > 0) trend.late_share = (values[n - 1] - values[n - 1 - n / 3]) / whole;
  return trend;
}

}  // namespace rankle::localize
