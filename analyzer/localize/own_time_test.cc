// Own time is what lies between operations, not in them.
#include "analyzer/localize/own_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/diagnose.h"

namespace rankle::localize {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kFast = 0.010, kSlow = 0.025;

TEST(OwnTimeTest, WaitingForASlowRankIsNobodysOwnTime) {
  testing::JobBuilder job(3);
  testing::Work(job, job.Communicator("dp", {0, 1, 2}), 3, 12, 0.1,
                [](int rank, int) { return rank == 1 ? kSlow : kFast; });
  const std::vector<OwnTimes> times = MeasureOwnTimes(job.Build(), 2);
  ASSERT_THAT(times, SizeIs(1));
  EXPECT_THAT(times[0].ranks, ElementsAre(0, 1, 2));
  EXPECT_TRUE(times[0].by_steps);
  for (size_t rank = 0; rank < 3; ++rank) {
    ASSERT_THAT(times[0].series[rank], SizeIs(times[0].iterations.size()));
    for (size_t k = 0; k < times[0].iterations.size(); ++k) {
      EXPECT_EQ(times[0].series[rank][k].number, times[0].iterations[k]);
      EXPECT_NEAR(store::Store::Seconds(times[0].series[rank][k].own), rank == 1 ? kSlow : kFast, 1e-6);
    }
  }
}

TEST(OwnTimeTest, RanksThatDoSomethingElseAreApart) {
  testing::JobBuilder job(5);
  testing::Work(job, job.Communicator("a", {0, 1, 2}), 3, 12, 0.1, [](int, int) { return kFast; });
  const int b = job.Communicator("b", {3, 4});
  for (int step = 1; step <= 12; ++step)
    job.Collective(b, 0.1 * step, 0.1 * step + 0.01, {}, "ncclAllGather", 8, step);
  std::vector<std::vector<int32_t>> groups;
  for (const OwnTimes& times : MeasureOwnTimes(job.Build(), 2)) groups.push_back(times.ranks);
  EXPECT_THAT(groups, ::testing::UnorderedElementsAre(ElementsAre(0, 1, 2), ElementsAre(3, 4)));
  EXPECT_THAT(MeasureOwnTimes(job.Build(), 3), SizeIs(1));
}

TEST(OwnTimeTest, OnlyIterationsThatAllHaveAreKept) {
  testing::JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  job.Steps(dp, 1, 12);
  testing::Op more;
  more.rank = 0, more.communicator = dp, more.step = 13, more.entered = 5;
  job.Add(more);
  more.step = 14, more.entered = 6;
  job.Add(more);
  const std::vector<OwnTimes> times = MeasureOwnTimes(job.Build(), 2);
  ASSERT_THAT(times, SizeIs(1));
  EXPECT_LT(times[0].iterations.back(), 12);
  EXPECT_EQ(times[0].series[0].size(), times[0].series[1].size());
}

TEST(OwnTimeTest, RanksWithoutOperationsHaveNone) {
  testing::JobBuilder job(2);
  job.ObservedUntil(3);
  EXPECT_THAT(MeasureOwnTimes(job.Build(), 1), IsEmpty());
}

}  // namespace
}  // namespace rankle::localize
