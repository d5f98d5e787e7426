// A late rank must show, however many ranks and iterations share a cell.
#include "analyzer/report/html/lateness_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "analyzer/testing/diagnose.h"

namespace rankle::html {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kUsual = 0.050, kLate = 0.030;

// `late` needs kLate longer in the second half of the steps.
store::Store Job(int ranks, int steps, int late) {
  testing::JobBuilder job(ranks);
  std::vector<int> all(ranks);
  std::iota(all.begin(), all.end(), 0);
  const int dp = job.Communicator("dp", all);
  const double end = testing::Work(job, dp, ranks, steps, 0.1, [&](int rank, int step) {
    return kUsual + testing::Jitter(rank, step, 0.0005) + (rank == late && step > steps / 2 ? kLate : 0);
  });
  job.ObservedUntil(end + 1);
  return job.Build();
}

TEST(LatenessMapTest, ASmallJobHasACellForEachRankAndIteration) {
  const LatenessMap map = MapLateness(Job(4, 22, 2), {2});
  ASSERT_THAT(map.rows, SizeIs(4));
  // Without the first (there is no end to measure from), the second (warm-up) and the last.
  ASSERT_THAT(map.columns, SizeIs(19));
  EXPECT_THAT(map.named, IsEmpty());
  EXPECT_TRUE(map.by_steps);
  EXPECT_NEAR(map.rows[2].late_s.back(), kLate, 0.001);
  EXPECT_LT(map.rows[2].late_s.front(), 0.001);
  EXPECT_LT(map.rows[1].late_s.back(), 0.001);
  EXPECT_NEAR(map.usual_s, kUsual, 0.001);
}

TEST(LatenessMapTest, OneLateRankOfManyIsAsStrongInItsRowAsAlone) {
  const LatenessMap map = MapLateness(Job(96, 14, 50), {50}, {.rows = 12, .columns = 116, .named = 12});
  ASSERT_THAT(map.rows, SizeIs(12));
  for (const LatenessRow& row : map.rows) {
    const bool has_it = row.first <= 50 && 50 <= row.last;
    EXPECT_NEAR(row.late_s.back(), has_it ? kLate : 0, 0.001) << row.first;
  }
  ASSERT_THAT(map.named, SizeIs(1));
  EXPECT_EQ(map.named[0].first, 50);
  EXPECT_NEAR(map.named[0].late_s.back(), kLate, 0.001);
}

TEST(LatenessMapTest, ACellOfSeveralIterationsHasWhatIsLostInOneOnAverage) {
  // 45 iterations from step 3 on, 5 a column; late from step 25 on.
  const LatenessMap map = MapLateness(Job(4, 48, 1), {}, {.rows = 64, .columns = 10, .named = 12});
  ASSERT_THAT(map.columns, SizeIs(9));
  EXPECT_EQ(map.columns[4], (std::pair<int64_t, int64_t>(23, 27)));
  EXPECT_NEAR(map.rows[1].late_s[3], 0, 0.001);
  EXPECT_NEAR(map.rows[1].late_s[4], kLate * 3 / 5, 0.001);
  EXPECT_NEAR(map.rows[1].late_s[5], kLate, 0.001);
}

TEST(LatenessMapTest, NoiseDoesNotGetTheStrongestColour) {
  const LatenessMap map = MapLateness(Job(8, 30, -1), {});
  for (const LatenessRow& row : map.rows) {
    for (double late : row.late_s) EXPECT_LT(late, map.top_s / 8);
  }
}

TEST(LatenessMapTest, APauseOfOneIterationDoesNotHideALateRank) {
  testing::JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  testing::Work(job, dp, 4, 400, 0.1, [&](int rank, int step) {
    return kUsual + (rank == 1 && step == 100 ? 20 : 0) + (rank == 2 && step > 200 ? kLate : 0);
  });
  EXPECT_LT(MapLateness(job.Build(), {}, {.rows = 64, .columns = 1000, .named = 12}).top_s, 2 * kLate);
}

TEST(LatenessMapTest, NothingToCompareIsNoMap) {
  testing::JobBuilder alone(1);
  alone.Steps(alone.Communicator("dp", {0}), 1, 30);
  EXPECT_THAT(MapLateness(alone.Build(), {}).columns, IsEmpty());
  testing::JobBuilder idle(4);
  idle.ObservedUntil(3);
  EXPECT_THAT(MapLateness(idle.Build(), {}).columns, IsEmpty());
}

}  // namespace
}  // namespace rankle::html
