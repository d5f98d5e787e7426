#include "analyzer/localize/change_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace rankle::localize {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Levels with log-normal noise of the given spread.
std::vector<double> Levels(const std::vector<std::pair<int, double>>& levels, double spread, int seed = 1) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::lognormal_distribution<double> noise(0, spread);
  std::vector<double> values;
  for (const auto& [count, level] : levels) {
    for (int i = 0; i < count; ++i) values.push_back(level * noise(random));
  }
  return values;
}

TEST(ChangePointsTest, ChangeIsFoundAtItsPlace) {
  for (double spread : {0.02, 0.1}) {
    const auto found = FindChangePoints(Levels({{60, 1}, {60, 1.3}}, spread), {});
    ASSERT_THAT(found, SizeIs(1)) << spread;
    EXPECT_NEAR(static_cast<double>(found[0].at), 60, 3) << spread;
    EXPECT_LE(found[0].p, 0.001);
  }
}

TEST(ChangePointsTest, SeveralChangesAreFoundInOrder) {
  const auto found = FindChangePoints(Levels({{50, 1}, {30, 2}, {50, 1.2}}, 0.02), {});
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_NEAR(static_cast<double>(found[0].at), 50, 1);
  EXPECT_NEAR(static_cast<double>(found[1].at), 80, 1);
}

// Of 200 series without a change, chance alone gives two at p = 0.01; seven are 1 in 200 by the binomial
// distribution. Bursts nearly as long as the shortest level can pass for one now and then; permuting single
// values instead of blocks would find something in most such series.
TEST(ChangePointsTest, FalseAlarmsAreAsRareAsPromised) {
  int alarms = 0, alarms_in_bursts = 0;
  for (int seed = 0; seed < 200; ++seed) {
    alarms += !FindChangePoints(Levels({{120, 1}}, 0.3, seed), {}).empty();
    // Slow values come in bursts of eight, as when another process takes a core for a while.
    std::vector<double> bursts;
    for (double level : Levels({{30, 1}}, 0.3, seed)) bursts.insert(bursts.end(), 8, level);
    alarms_in_bursts += !FindChangePoints(bursts, {}).empty();
  }
  EXPECT_LE(alarms, 7);
  EXPECT_LE(alarms_in_bursts, 20);
}

TEST(ChangePointsTest, OutliersMakeNoChange) {
  std::vector<double> values = Levels({{100, 1}}, 0.05);
  for (size_t i : {20, 41, 77}) values[i] = 1000;
  EXPECT_THAT(FindChangePoints(values, {}), IsEmpty());
  for (size_t i = 0; i < values.size(); i += 10) values[i] = 5;  // evaluation every ten steps
  EXPECT_THAT(FindChangePoints(values, {}), IsEmpty());
}

TEST(ChangePointsTest, ShortOrConstantSeriesHaveNone) {
  EXPECT_THAT(FindChangePoints({}, {}), IsEmpty());
  EXPECT_THAT(FindChangePoints(Levels({{9, 1}, {10, 2}}, 0.01), {}), IsEmpty());
  EXPECT_THAT(FindChangePoints(std::vector<double>(100, 1), {}), IsEmpty());
}

TEST(ChangePointsTest, LongSeriesAreThinnedNotRefused) {
  const auto found = FindChangePoints(Levels({{30'000, 1}, {20'000, 1.2}}, 0.1), {});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NEAR(static_cast<double>(found[0].at), 30'000, 100);
}

}  // namespace
}  // namespace rankle::localize
