#include "analyzer/localize/period.h"

#include <gtest/gtest.h>

namespace rankle::localize {
namespace {

std::vector<uint64_t> Repeat(const std::vector<uint64_t>& iteration, int times) {
  std::vector<uint64_t> all;
  for (int i = 0; i < times; ++i) all.insert(all.end(), iteration.begin(), iteration.end());
  return all;
}

TEST(FindPeriodTest, IsTheLengthOfAnIteration) {
  EXPECT_EQ(FindPeriod(Repeat({1}, 20)), 1u);
  EXPECT_EQ(FindPeriod(Repeat({1, 2, 1, 3}, 20)), 4u);
}

TEST(FindPeriodTest, OneOperationInThirtyThatDiffersIsSeen) {
  std::vector<uint64_t> iteration(30, 1);
  iteration[17] = 2;
  EXPECT_EQ(FindPeriod(Repeat(iteration, 10)), 30u);
}

TEST(FindPeriodTest, WarmUpAndCheckpointsDoNotHideIt) {
  std::vector<uint64_t> all{7, 8, 9};
  for (int i = 0; i < 5; ++i) {
    const std::vector<uint64_t> steps = Repeat({1, 2, 3}, 40);
    all.insert(all.end(), steps.begin(), steps.end());
    all.push_back(50);
  }
  EXPECT_EQ(FindPeriod(all), 3u);
}

TEST(FindPeriodTest, WhatDoesNotRepeatHasNone) {
  std::vector<uint64_t> all;
  for (uint64_t i = 0; i < 200; ++i) all.push_back(i);
  EXPECT_EQ(FindPeriod(all), 0u);
  EXPECT_EQ(FindPeriod({}), 0u);
  EXPECT_EQ(FindPeriod(Repeat({1, 2, 3, 4}, 3)), 0u);  // three times is no rhythm
}

}  // namespace
}  // namespace rankle::localize
