// Verdicts on jobs whose hosts' clocks are off by seconds and drift: order across hosts stays right, and
// where it cannot be known, the verdict says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using testing::Diagnose;
using ::testing::ElementsAre;
using testing::Enter;
using testing::Jitter;
using testing::JobBuilder;
using testing::Op;

// Ranks 0 and 1 on one host, 2 and 3 on another; 200 steps of 0.5 s, whose members leave within `spread`.
struct TwoHosts {
  TwoHosts(double ahead, double drift_ppm, double spread) : job(4) {
    for (int r : {2, 3}) job.OnHost(r, "far", ahead, drift_ppm);
    dp = job.Communicator("dp", {0, 1, 2, 3});
    for (int step = 1; step <= 200; ++step) {
      for (int r = 0; r < 4; ++r) {
        Op op;
        op.rank = r, op.communicator = dp, op.step = step, op.entered = 0.5 * step;
        op.finished = op.entered + 0.01 + Jitter(r, step, spread);
        job.Add(op);
      }
    }
  }
  JobBuilder job;
  int dp = 0;
};

struct Skew {
  double ahead, drift_ppm;
};
class ClockSkewTest : public ::testing::TestWithParam<Skew> {};

TEST_P(ClockSkewTest, FailureThatCameFirstIsNamed) {
  for (int first : {0, 2}) {
    const int second = 2 - first;
    TwoHosts j(GetParam().ahead, GetParam().drift_ppm, 0.0001);
    j.job.FailedCall(first, 100.40, "cudaMemcpyAsync", 1).Exited(first, 100.5, 11);
    j.job.FailedCall(second, 100.45, "cudaMalloc", 2).Exited(second, 100.5, 12);
    for (int r : {1, 3}) j.job.AsyncError(r, 100.6, 6).Exited(r, 100.7, 10);
    const Report report = Diagnose(j.job);
    EXPECT_EQ(report.verdict.anomaly, "crash.cuda") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(first));
    EXPECT_GT(report.verdict.confidence, 0.9);
  }
}

TEST_P(ClockSkewTest, HangIsNamedAndNobodySeemsDead) {
  for (int culprit : {1, 3}) {
    TwoHosts j(GetParam().ahead, GetParam().drift_ppm, 0.0001);
    for (int r = 0; r < 4; ++r) {
      if (r != culprit) Enter(j.job, j.dp, 101, {r});
    }
    j.job.ObservedUntil(130);
    const Report report = Diagnose(j.job);
    EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(culprit));
    for (const store::Process& p : report.store->processes) EXPECT_EQ(p.state, store::ProcessState::kRunning);
  }
}

TEST_P(ClockSkewTest, KilledRankOnAnotherHostIsTheCauseOfTheHangThatFollows) {
  for (int victim : {1, 3}) {
    TwoHosts j(GetParam().ahead, GetParam().drift_ppm, 0.0001);
    for (int r = 0; r < 4; ++r) {
      if (r != victim) Enter(j.job, j.dp, 101, {r});
    }
    j.job.Killed(victim, 100.9, 9).ObservedUntil(130);
    const Report report = Diagnose(j.job);
    EXPECT_EQ(report.verdict.anomaly, "crash.process") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(victim));
  }
}

TEST_P(ClockSkewTest, HealthyJobIsHealthy) {
  TwoHosts j(GetParam().ahead, GetParam().drift_ppm, 0.0001);
  for (int r = 0; r < 4; ++r) j.job.Exited(r, 101);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
  EXPECT_GT(report.data_quality.clock_uncertainty_us, 0);
  EXPECT_LT(report.data_quality.clock_uncertainty_us, 200);
}

INSTANTIATE_TEST_SUITE_P(Skews, ClockSkewTest,
                         ::testing::Values(Skew{0, 0}, Skew{4, 0}, Skew{-4, 200}, Skew{9, -200},
                                           Skew{0, 200}));

TEST(ClockVerdictTest, OrderThatTheClocksCannotDecideLowersTheConfidence) {
  TwoHosts j(3, 0, 0.020);  // members leave within 20 ms: clocks are known no better
  j.job.FailedCall(0, 100.400, "cudaMemcpyAsync", 1).Exited(0, 100.5, 11);
  j.job.FailedCall(2, 100.405, "cudaMalloc", 2).Exited(2, 100.5, 12);
  for (int r : {1, 3}) j.job.AsyncError(r, 100.6, 6).Exited(r, 100.7, 10);
  const Report report = Diagnose(j.job);
  EXPECT_LE(report.verdict.confidence, 0.5);
  EXPECT_THAT(report.findings[0].evidence,
              ::testing::Contains(::testing::HasSubstr("it may have been first")));
}

TEST(ClockVerdictTest, OrderOnOneHostNeedsNoClockOfAnother) {
  TwoHosts j(3, 0, 0.020);
  j.job.FailedCall(0, 100.400, "cudaMemcpyAsync", 1).Exited(0, 100.5, 11);
  j.job.FailedCall(1, 100.405, "cudaMalloc", 2).Exited(1, 100.5, 12);
  for (int r : {2, 3}) j.job.AsyncError(r, 100.6, 6).Exited(r, 100.7, 10);
  const Report report = Diagnose(j.job);
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0));
  EXPECT_GT(report.verdict.confidence, 0.9);
}

}  // namespace
}  // namespace rankle
