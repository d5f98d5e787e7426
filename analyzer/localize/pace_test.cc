// Iterations of synthetic jobs, and the changes of pace found in them.
#include "analyzer/localize/pace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/diagnose.h"

namespace rankle::localize {
namespace {

using ::testing::ElementsAre;
using testing::JobBuilder;
using ::testing::SizeIs;
using testing::Work;

double Even(int, int) { return 0.010; }

TEST(IterationsTest, LieBetweenStepMarks) {
  JobBuilder job(4);
  Work(job, job.Communicator("dp", {0, 1, 2, 3}), 4, 30, 0.1, Even);
  const auto series = FindIterations(job.Build());
  ASSERT_THAT(series, SizeIs(1));
  EXPECT_TRUE(series[0].by_steps);
  EXPECT_THAT(series[0].ranks, ElementsAre(0, 1, 2, 3));
  ASSERT_THAT(series[0].iterations, SizeIs(28));  // neither the first nor the last
  EXPECT_EQ(series[0].iterations[0].number, 2);
  EXPECT_NEAR(static_cast<double>(series[0].iterations[5].length_ns), 12e6, 10);
  EXPECT_NEAR(static_cast<double>(series[0].iterations[5].communication_ns), 2e6, 10);
}

TEST(IterationsTest, WithoutMarksThePeriodOfTheCollectivesDecides) {
  JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  for (int i = 0; i < 120; ++i)
    job.Collective(dp, 0.1 + 0.01 * i, 0.105 + 0.01 * i, {}, "ncclAllReduce", 10 + i % 4);
  const auto series = FindIterations(job.Build());
  ASSERT_THAT(series, SizeIs(1));
  EXPECT_FALSE(series[0].by_steps);
  EXPECT_NEAR(static_cast<double>(series[0].iterations[3].length_ns), 40e6, 10);
  EXPECT_NEAR(series[0].iterations[3].elements, 10 + 11 + 12 + 13, 1e-9);
}

TEST(IterationsTest, RanksThatDoNotWaitForEachOtherHaveTheirOwnPace) {
  JobBuilder job(4);
  const int a = job.Communicator("a", {0, 1}), b = job.Communicator("b", {2, 3});
  for (int i = 0; i < 30; ++i) {
    job.Collective(a, 0.1 + 0.01 * i, 0.105 + 0.01 * i, {}, "ncclAllReduce", 10, i);
    job.Collective(b, 0.1 + 0.02 * i, 0.105 + 0.02 * i, {}, "ncclAllReduce", 10, i);
  }
  const auto series = FindIterations(job.Build());
  ASSERT_THAT(series, SizeIs(2));
  EXPECT_THAT(series[0].ranks, ElementsAre(0, 1));
  EXPECT_NEAR(static_cast<double>(series[0].iterations[3].length_ns), 10e6, 10);
  EXPECT_NEAR(static_cast<double>(series[1].iterations[3].length_ns), 20e6, 10);
}

TEST(IterationsTest, StepsWithOtherCollectivesAreAnotherSeries) {
  JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  for (int step = 0; step < 60; ++step) {
    const bool evaluation = step % 20 >= 10;
    job.Collective(dp, 0.1 + 0.01 * step, 0.105 + 0.01 * step, {},
                   evaluation ? "ncclAllGather" : "ncclAllReduce", 10, step);
  }
  EXPECT_THAT(FindIterations(job.Build()), SizeIs(2));
}

TEST(PaceTest, ASlowDownDoesNotEndWhereItChangesByAFewPercent) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  Work(job, dp, 4, 120, 0.1, [](int, int step) { return step > 80 ? 0.0175 : step > 40 ? 0.018 : 0.008; });
  const auto found = FindPaceChanges(FindIterations(job.Build()));
  ASSERT_THAT(found, SizeIs(2));  // both changes are certain
  EXPECT_TRUE(found[0].lasts);
  EXPECT_NEAR(found[0].iterations_after, 80, 3);
}

TEST(PaceTest, ASlowDownEndsWhereThePaceIsTheOldOneAgain) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  Work(job, dp, 4, 120, 0.1, [](int, int step) { return step > 40 && step <= 80 ? 0.018 : 0.008; });
  const auto found = FindPaceChanges(FindIterations(job.Build()));
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_FALSE(found[0].lasts);
  EXPECT_NEAR(found[0].iterations_after, 40, 3);
}

TEST(PaceTest, ChangeIsDatedAndMeasured) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  Work(job, dp, 4, 80, 0.1, [](int, int step) { return step > 40 ? 0.018 : 0.008; });
  const auto found = FindPaceChanges(FindIterations(job.Build()));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NEAR(static_cast<double>(found[0].first_iteration), 40, 2);
  EXPECT_NEAR(static_cast<double>(found[0].before_ns), 10e6, 10);
  EXPECT_NEAR(static_cast<double>(found[0].after_ns), 20e6, 10);
  EXPECT_EQ(found[0].superiority, 1);
  EXPECT_TRUE(found[0].lasts);
  EXPECT_FALSE(found[0].recurs);
}

}  // namespace
}  // namespace rankle::localize
