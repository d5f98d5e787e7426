#include "analyzer/import/rank_numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::import {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST(RankNumbers, RanksOfTheCommunicatorThatHasAllDevicesAreGlobal) {
  // A pair of devices 1 and 0, and all four of a job whose third left nothing.
  const RankNumbers n = NumberDevices({2, 4}, {{0, 0, 1}, {0, 1, 0}, {1, 3, 0}, {1, 0, 1}, {1, 1, 2}}, 3);
  EXPECT_THAT(n.of_device, ElementsAre(3, 0, 1));
  EXPECT_EQ(n.world, 1);
  EXPECT_EQ(n.world_size, 4);
  EXPECT_TRUE(n.certain);
}

TEST(RankNumbers, WithoutSuchACommunicatorTheRestGetsFreeNumbers) {
  const RankNumbers n = NumberDevices({2, 2}, {{0, 0, 0}, {0, 1, 1}, {1, 0, 2}, {1, 1, 3}}, 4);
  EXPECT_THAT(n.of_device, UnorderedElementsAre(0, 1, 2, 3));
  EXPECT_EQ(n.world_size, 4);
  EXPECT_FALSE(n.certain);
}

TEST(RankNumbers, TwoDevicesThatClaimOnePlaceAreNotOneRank) {
  const RankNumbers n = NumberDevices({2}, {{0, 0, 0}, {0, 0, 1}}, 2);
  EXPECT_THAT(n.of_device, ElementsAre(0, 1));
  EXPECT_FALSE(n.certain);
}

}  // namespace
}  // namespace rankle::import
