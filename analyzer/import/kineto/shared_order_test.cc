// Windows of profilers that begin and end apart, with clocks that agree or do not.
#include "analyzer/import/kineto/shared_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace rankle::import {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr int64_t kMs = 1'000'000;

// Ends of an all-reduce every 100 ms, collectives first..last of the job, on a clock that is ahead.
std::vector<SharedOperation> Regular(int first, int last, int64_t ahead = 0, bool ids = false) {
  std::vector<SharedOperation> operations;
  for (int i = first; i <= last; ++i)
    operations.push_back({1, ids ? static_cast<uint64_t>(1000 + i) : 0, 5000 * kMs + i * 100 * kMs + ahead});
  return operations;
}

// The same with steps of uneven length, as real ones are: up to 7 ms more.
std::vector<SharedOperation> Uneven(int first, int last, int64_t ahead = 0) {
  std::vector<SharedOperation> operations = Regular(first, last, ahead);
  for (int i = first; i <= last; ++i) operations[i - first].end_ns += (i * i * 37 % 7001) * 1000;
  return operations;
}

TEST(SharedOrderTest, EqualWindowsAreNumberedInOrder) {
  const SharedOrder order = FindSharedOrder({Regular(1, 4), Regular(1, 4)});
  EXPECT_TRUE(order.told);
  EXPECT_THAT(order.number, Each(ElementsAre(1, 2, 3, 4)));
}

TEST(SharedOrderTest, IdentitiesTellWhateverTheClocks) {
  const SharedOrder order =
      FindSharedOrder({Regular(1, 6, 0, true), Regular(3, 7, 7000 * kMs + 300 * kMs, true)});
  EXPECT_TRUE(order.told);
  EXPECT_THAT(order.number[0], ElementsAre(0, 0, 1, 2, 3, 4));
  EXPECT_THAT(order.number[1], ElementsAre(1, 2, 3, 4, 0));
  EXPECT_EQ(order.left_out, 3u);
}

TEST(SharedOrderTest, WindowsOfOneLengthThatBeginApartAreToldByTheEnds) {
  const SharedOrder order = FindSharedOrder({Regular(1, 10), Regular(2, 11, 20'000)});
  EXPECT_TRUE(order.told);
  EXPECT_THAT(order.number[0], ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(order.number[1], ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 0));
}

TEST(SharedOrderTest, ADamagedEventInTheMiddleShiftsNothing) {
  std::vector<SharedOperation> damaged = Regular(1, 20);
  damaged.erase(damaged.begin() + 10);
  const SharedOrder order = FindSharedOrder({Regular(1, 20), damaged});
  EXPECT_TRUE(order.told);
  EXPECT_EQ(order.number[0][11], 12u);
  EXPECT_EQ(order.number[1][10], 12u);
}

TEST(SharedOrderTest, AClockThatIsOffByMillisecondsStillTellsLongSteps) {
  const SharedOrder order = FindSharedOrder({Regular(1, 12), Regular(3, 12, 4 * kMs)});
  EXPECT_TRUE(order.told);
  EXPECT_EQ(order.number[0][2], 1u);
  EXPECT_EQ(order.number[1][0], 1u);
}

TEST(SharedOrderTest, ARhythmOfItsOwnTellsDespiteAWrongClock) {
  const SharedOrder order = FindSharedOrder({Uneven(1, 30), Uneven(4, 28, 7033 * kMs)});
  EXPECT_TRUE(order.told);
  EXPECT_EQ(order.number[0][3], 1u);
  EXPECT_EQ(order.number[1][0], 1u);
}

TEST(SharedOrderTest, WhatARegularRhythmAndAWrongClockDoNotTellIsNotTold) {
  const SharedOrder order = FindSharedOrder({Regular(1, 10), Regular(3, 10, 7033 * kMs)});
  EXPECT_FALSE(order.told);
  EXPECT_EQ(order.left_out, 18u);
  EXPECT_THAT(order.number[0], Each(0u));
}

TEST(SharedOrderTest, WindowsThatDoNotMeetAreNotTold) {
  EXPECT_FALSE(FindSharedOrder({Regular(1, 5, 0, true), Regular(6, 9, 0, true)}).told);
}

TEST(SharedOrderTest, EqualNumbersWithAWrongClockAreTakenInOrder) {
  const SharedOrder order = FindSharedOrder({Regular(1, 9), Regular(1, 9, 7033 * kMs)});
  EXPECT_TRUE(order.told);
  EXPECT_EQ(order.left_out, 0u);
}

}  // namespace
}  // namespace rankle::import
