#include "analyzer/localize/trend.h"

#include <gtest/gtest.h>

namespace rankle::localize {
namespace {

TEST(TrendTest, SteadyGrowthHasItsSlopeWhateverOneOutlierSays) {
  std::vector<double> values;
  for (int i = 0; i < 30; ++i) values.push_back(100 + 3 * i);
  values[7] = 100'000;
  const Trend trend = FindTrend(values);
  EXPECT_NEAR(trend.slope, 3, 0.2);
  EXPECT_LT(trend.p, 1e-6);
  EXPECT_GT(trend.rises, 0.9);
  EXPECT_NEAR(trend.late_share, 1.0 / 3, 0.05);
}

TEST(TrendTest, WhatGoesUpAndDownIsNoGrowth) {
  std::vector<double> values;
  for (int i = 0; i < 30; ++i) values.push_back(100 + (i % 2 == 0 ? 40 : 0));
  const Trend trend = FindTrend(values);
  EXPECT_GT(trend.p, 0.1);
  EXPECT_GT(trend.given_back, 0.9);
}

TEST(TrendTest, WhatFillsUpEndsEarly) {
  std::vector<double> values;
  for (int i = 0; i < 30; ++i) values.push_back(i < 15 ? 10 * i : 150);
  EXPECT_EQ(FindTrend(values).late_share, 0);
}

TEST(TrendTest, MannKendallIsExactOnASmallCase) {
  // Five rising values: S = 10, variance 5 * 4 * 15 / 18 = 16.67, z = 9 / 4.082 = 2.2045, one-sided p =
  // 0.0137.
  EXPECT_NEAR(FindTrend({1, 2, 3, 4, 5}).p, 0.0137, 0.0001);
  EXPECT_EQ(FindTrend({1, 1, 1, 1}).p, 1);
  EXPECT_EQ(FindTrend({1, 2}).p, 1);  // too few to tell
}

}  // namespace
}  // namespace rankle::localize
