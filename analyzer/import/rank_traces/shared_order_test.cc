// Windows of profilers that begin and end apart, with clocks that agree or do not.
#include "analyzer/import/rank_traces/shared_order.h"

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

// Calls first..last of a job whose sizes repeat every three calls, one every ms.
std::vector<SharedOperation> Sized(int first, int last, int64_t ahead) {
  std::vector<SharedOperation> operations;
  for (int i = first; i <= last; ++i)
    operations.push_back({1, 0, 5000 * kMs + i * kMs + ahead, static_cast<uint64_t>(10 + i % 3)});
  return operations;
}

TEST(SharedOrderTest, TheSameTimeTellsWhereNothingIsNumbered) {
  const SharedOrder order = FindSharedOrder({Sized(7, 12, 3000), Sized(5, 9, 0), Sized(5, 12, 700)});
  EXPECT_THAT(order.number, ElementsAre(ElementsAre(1, 2, 3, 0, 0, 0), ElementsAre(0, 0, 1, 2, 3),
                                        ElementsAre(0, 0, 1, 2, 3, 0, 0, 0)));
}

TEST(SharedOrderTest, ClocksThatAreOffAreNotBelieved) {
  EXPECT_THAT(FindSharedOrder({Sized(5, 9, 0), Sized(5, 9, 2 * kMs)}).number,
              Each(ElementsAre(1, 2, 3, 4, 5)));
  // Most of these seem to end together.
  const SharedOrder order = FindSharedOrder({Sized(5, 24, 0), Sized(5, 24, 2 * kMs)});
  EXPECT_EQ(order.left_out, 0u);
}

TEST(SharedOrderTest, IdentitiesThatDoNotFitAreNotBelieved) {
  std::vector<SharedOperation> first = Sized(5, 9, 0), second = Sized(5, 9, 0);
  for (size_t i = 0; i < first.size(); ++i) first[i].id = 5 + i, second[i].id = 7 + i;
  EXPECT_THAT(FindSharedOrder({first, second}).number, Each(ElementsAre(1, 2, 3, 4, 5)));
}

// It is for the diagnosis to name.
TEST(SharedOrderTest, ACallThatDisagreesShiftsNothing) {
  std::vector<SharedOperation> odd = Sized(5, 12, 0);
  odd[0].count = 99;
  EXPECT_THAT(FindSharedOrder({Sized(5, 12, 0), odd}).number, Each(ElementsAre(1, 2, 3, 4, 5, 6, 7, 8)));
}

TEST(SharedOrderTest, SizesTellWhereARegularRhythmAndAWrongClockDoNot) {
  std::vector<SharedOperation> first = Regular(1, 10), second = Regular(3, 10, 7033 * kMs);
  for (int i = 1; i <= 10; ++i) first[i - 1].count = static_cast<uint64_t>(i * i);
  for (int i = 3; i <= 10; ++i) second[i - 3].count = static_cast<uint64_t>(i * i);
  const SharedOrder order = FindSharedOrder({first, second});
  EXPECT_TRUE(order.told);
  EXPECT_THAT(order.number[0], ElementsAre(0, 0, 1, 2, 3, 4, 5, 6, 7, 8));
}

TEST(SharedOrderTest, OfCallsWithoutTimesNoneIsLeftOut) {
  std::vector<SharedOperation> first, second;
  for (uint64_t i = 1; i <= 9; ++i) first.push_back({1, 0, kNotTold, i * i});
  second.assign(first.begin() + 1, first.end());
  const SharedOrder order = FindSharedOrder({first, second});
  EXPECT_EQ(order.left_out, 0u);
  EXPECT_TRUE(order.shifted);
  EXPECT_THAT(order.number[1], ElementsAre(2, 3, 4, 5, 6, 7, 8, 9));
}

}  // namespace
}  // namespace rankle::import
