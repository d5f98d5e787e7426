// The single tests, against values worked out by hand or taken from the literature.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "analyzer/stitch/fca/distance.h"
#include "analyzer/stitch/fca/false_discovery.h"
#include "analyzer/stitch/fca/presence.h"
#include "analyzer/stitch/fca/rank_sum.h"
#include "analyzer/stitch/fca/undecided.h"
#include "analyzer/stitch/fca/welch.h"

namespace rankle::stitch {
namespace {

constexpr double kExact = 1e-12;

TEST(RankSum, CountsTheWaysToFallAtLeastAsFar) {
  // Of the 20 ways to choose 3 of 6, one is the extreme one.
  EXPECT_NEAR(RankSum({1, 2, 3}, {4, 5, 6}).p, 1.0 / 20, kExact);
  // Ranks 4, 6 and 7 of 7 sum to 17; only 5, 6, 7 sums to more; 35 ways.
  EXPECT_NEAR(RankSum({1, 2, 3, 4}, {5, 6, 3.5}).p, 2.0 / 35, kExact);
  EXPECT_NEAR(RankSum({1, 2, 3, 4}, {5, 6, 3.5}).least, 1.0 / 35, kExact);
  EXPECT_NEAR(RankSum({4, 5, 6}, {1, 2, 3}).p, 1, kExact);
}

TEST(RankSum, TiesShareTheirRanks) {
  // Both injected values are among the three 2s: 3 of the 10 pairs are.
  EXPECT_NEAR(RankSum({1, 1, 2}, {2, 2}).p, 3.0 / 10, kExact);
}

TEST(RankSum, ConstantCountsAreTheClearestCase) {
  const PValue retries = RankSum({5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, {10, 10, 10});
  EXPECT_NEAR(retries.p, 1.0 / 286, kExact);
  const PValue equal = RankSum({5, 5, 5}, {5, 5, 5});
  EXPECT_EQ(equal.p, 1);
  EXPECT_EQ(equal.least, 1);
  EXPECT_EQ(RankSum({}, {1}).p, 1);
}

TEST(RankSum, ExactToTheFarTail) {
  // 20 of 60, all above all others, but for one pair that is swapped: two ways of C(60,20) are at least as
  // far.
  std::vector<double> plain, injected;
  for (int i = 1; i <= 39; ++i) plain.push_back(i);
  plain.push_back(41), injected.push_back(40);
  for (int i = 42; i <= 60; ++i) injected.push_back(i);
  EXPECT_NEAR(RankSum(plain, injected).p * 4191844505805495, 2, 1e-6);
  EXPECT_NEAR(RankSum(plain, injected).least * 4191844505805495, 1, 1e-6);
}

TEST(RankSum, ManyValuesAgreeWithTheTextbookApproximation) {
  std::vector<double> plain, injected;
  for (int i = 0; i < 150; ++i) plain.push_back(i), injected.push_back(i + 10.5);
  // U counts the pairs in which the injected value is larger: i + 10.5 > j.
  double u = 0;
  for (double a : injected) {
    for (double b : plain) u += a > b;
  }
  const double z = (u - 150 * 150 / 2.0) / std::sqrt(150 * 150 * 301 / 12.0);
  EXPECT_NEAR(RankSum(plain, injected).p, 0.5 * std::erfc(z / std::sqrt(2)), 1e-4);
}

TEST(Presence, IsFishersExactTest) {
  EXPECT_NEAR(Presence(1, 4, 3, 4).p, 17.0 / 70, kExact);  // the lady tasting tea, three of four right
  EXPECT_NEAR(Presence(0, 3, 3, 3).p, 1.0 / 20, kExact);
  EXPECT_NEAR(Presence(0, 20, 3, 3).p, 1.0 / 1771, kExact);
  // Seen once in ten plain runs: 4 of 13 showed it, and all three injected ones are among them in
  // C(10,1) of the C(13,4) ways.
  EXPECT_NEAR(Presence(1, 10, 3, 3).p, 10.0 / 715, kExact);
}

TEST(Presence, WhatAllOrNoneShowTellsNothing) {
  EXPECT_EQ(Presence(3, 3, 3, 3).least, 1);
  EXPECT_EQ(Presence(0, 3, 0, 3).least, 1);
  EXPECT_EQ(Presence(3, 3, 0, 3).p, 1);
  // Five of six showed it: only one way in two leaves it to a plain run.
  EXPECT_NEAR(Presence(2, 3, 3, 3).least, 0.5, kExact);
}

TEST(Welch, FollowsStudentsDistribution) {
  // Equal variances 2 at n = 2: two degrees of freedom, whose tail is 1/2 - t / (2 sqrt(2 + t^2)).
  const double t = 3 / std::sqrt(2.0);
  ASSERT_TRUE(WelchP({0, 2}, {3, 5}).has_value());
  EXPECT_NEAR(*WelchP({0, 2}, {3, 5}), 0.5 - t / (2 * std::sqrt(2 + t * t)), kExact);
}

TEST(Welch, HasNothingToSayOfConstantCounts) {
  EXPECT_FALSE(WelchP({5, 5, 5}, {10, 10, 10}).has_value());
  EXPECT_FALSE(WelchP({5}, {10, 11}).has_value());
  EXPECT_FALSE(WelchP(std::vector<double>(60, 1000), std::vector<double>(25, 1050)).has_value());
}

TEST(FalseDiscovery, AgreesWithThePublishedExample) {
  // Benjamini and Hochberg 1995, section 3.2: four of these fifteen at 0.05.
  std::vector<PValue> values;
  for (double p : {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
                   0.5719, 0.6528, 0.7590, 1.0}) {
    values.push_back({p, 0});
  }
  const Discoveries found = ControlFalseDiscoveries(values, 0.05);
  EXPECT_EQ(found.found, 4u);
  EXPECT_LE(found.q[3], 0.05);
  EXPECT_GT(found.q[4], 0.05);
  EXPECT_NEAR(found.q[0], 0.0015, kExact);
}

TEST(FalseDiscovery, ComparisonsThatCouldNeverBeToldDoNotCount) {
  std::vector<PValue> values(1000, PValue{1, 1});
  values.push_back({0.04, 0.04});
  const Discoveries found = ControlFalseDiscoveries(values, 0.05);
  EXPECT_EQ(found.compared, 1u);
  EXPECT_EQ(found.found, 1u);
  EXPECT_EQ(found.q[0], 1);
}

TEST(Histograms, DistanceIsHalfTheSumOfDifferences) {
  const std::vector<std::vector<ParentBin>> plain(3, {{1, 10}}), injected(3, {{1, 18}, {2, 2}});
  const HistogramShift shift = CompareHistograms(plain, injected, 0.05, 1);
  EXPECT_NEAR(shift.distance, 0.1, kExact);
  EXPECT_NEAR(shift.plain_mean, 1.0, kExact);
  EXPECT_NEAR(shift.injected_mean, 1.1, kExact);
  EXPECT_NEAR(shift.p.p, 1.0 / 20, kExact);
  EXPECT_EQ(CompareHistograms(plain, injected, 0.11, 1).p.p, 1);
  EXPECT_EQ(CompareHistograms(injected, plain, 0.05, 1).p.p, 1) << "the mean fell";
  EXPECT_EQ(CompareHistograms(plain, plain, 0.05, 1).p.least, 1);
}

TEST(Histograms, WaysTooManyToCountAreDrawn) {
  // C(24, 12) = 2,704,156 ways; the actual one is the most extreme.
  const std::vector<std::vector<ParentBin>> plain(12, {{1, 10}}), injected(12, {{2, 10}});
  EXPECT_NEAR(CompareHistograms(plain, injected, 0.05, 1).p.p, 1e-4, 1e-12);
}

TEST(Undecided, RepeatsGoToWhatWouldProbablyTip) {
  const Sizes now{20, 3}, then{20, 10};
  EXPECT_TRUE(IsUndecided(0.01, 0.001, now, then));
  EXPECT_FALSE(IsUndecided(0.4, 0.001, now, then)) << "hardly a trend";
  EXPECT_FALSE(IsUndecided(0.01, 0.001, then, then)) << "at the cap";
  EXPECT_FALSE(IsUndecided(1, 0.001, now, then));
}

}  // namespace
}  // namespace rankle::stitch
