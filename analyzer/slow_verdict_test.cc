// Verdicts on jobs that end, healthy or slow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using testing::Diagnose;
using testing::Enter;
using ::testing::IsEmpty;
using testing::Jitter;
using testing::JobBuilder;
using testing::Work;

TEST(SlowVerdictTest, JobThatEndsNormallyIsHealthy) {
  JobBuilder job(4);
  job.Steps(job.Communicator("dp", {0, 1, 2, 3}), 1, 20);
  for (int r = 0; r < 4; ++r) job.Exited(r, 3);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
  EXPECT_THAT(report.findings, IsEmpty());
}

TEST(SlowVerdictTest, ShortWaitAtTheEndOfAnInterruptedRunIsHealthy) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  job.Steps(dp, 1, 20);
  Enter(job, dp, 2.2, {0, 1, 3});
  job.ObservedUntil(3);
  for (int r = 0; r < 4; ++r) job.KilledByLauncher(r, 3);
  EXPECT_EQ(Diagnose(job).verdict.anomaly, "healthy");
}

struct SlowCase {
  int ranks;
  double factor;
  std::vector<int> culprits;
};
class SlowTest : public ::testing::TestWithParam<SlowCase> {};

TEST_P(SlowTest, ExactCulpritsAreNamedInSpiteOfJitter) {
  const SlowCase& c = GetParam();
  JobBuilder job(c.ranks);
  std::vector<int> all;
  for (int r = 0; r < c.ranks; ++r) all.push_back(r);
  const int dp = job.Communicator("dp", all);
  const double end = Work(job, dp, c.ranks, 60, 0.1, [&](int r, int step) {
    const bool slow = step > 25 && std::find(c.culprits.begin(), c.culprits.end(), r) != c.culprits.end();
    return 0.020 * (slow ? c.factor : 1) + Jitter(r, step, 0.001);
  });
  for (int r : all) job.Exited(r, end + 0.1);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "slow.compute") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ::testing::ElementsAreArray(c.culprits));
}
INSTANTIATE_TEST_SUITE_P(Sizes, SlowTest,
                         ::testing::Values(SlowCase{2, 1.25, {1}}, SlowCase{4, 1.25, {0}},
                                           SlowCase{4, 1.3, {1, 2}}, SlowCase{8, 1.25, {7}},
                                           SlowCase{8, 1.3, {0, 3, 5}}, SlowCase{64, 1.25, {17}},
                                           SlowCase{64, 1.3, {1, 20, 40, 63}}));

TEST(SlowVerdictTest, JitterOfABusyMachineIsNoSlowRank) {
  for (double jitter : {0.001, 0.01, 0.04}) {
    JobBuilder job(8);
    const int dp = job.Communicator("dp", {0, 1, 2, 3, 4, 5, 6, 7});
    const double end =
        Work(job, dp, 8, 200, 0.1, [&](int r, int step) { return 0.005 + Jitter(r, step, jitter); });
    for (int r = 0; r < 8; ++r) job.Exited(r, end + 0.1);
    const Report report = Diagnose(job);
    EXPECT_EQ(report.verdict.anomaly, "healthy") << jitter << ": " << report.verdict.summary;
  }
}

TEST(SlowVerdictTest, OneLongPauseIsNoSlowRank) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  const double end =
      Work(job, dp, 4, 60, 0.1, [](int r, int step) { return r == 1 && step == 30 ? 1.0 : 0.01; });
  for (int r = 0; r < 4; ++r) job.Exited(r, end + 0.1);
  EXPECT_EQ(Diagnose(job).verdict.anomaly, "healthy");
}

}  // namespace
}  // namespace rankle
