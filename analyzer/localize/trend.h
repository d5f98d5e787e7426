// Does a series grow, and how steadily? Theil-Sen slope (median of the slopes of all pairs) and Mann-Kendall
// test (how many pairs rise), both blind to the size of outliers. Pure.
#pragma once

#include <vector>

namespace rankle::localize {

struct Trend {
  double slope = 0;       // per sample
  double p = 1;           // probability that a series in random order rises as often
  double rises = 0;       // share of the steps from one sample to the next that go up
  double given_back = 0;  // sum of the falls over sum of the rises
  double late_share = 0;  // share of the whole growth that the last third of the series contributes
};

// Quadratic in the number of samples: thin a long series first.
Trend FindTrend(const std::vector<double>& values);

}  // namespace rankle::localize
