// Verdicts on whole synthetic jobs: class, exact culprits, and no alarm on healthy ones.
#include "analyzer/analyze.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/job_builder.h"

namespace rankle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JobBuilder;
using testing::Op;

Report Diagnose(const JobBuilder& job) {
  auto report = AnalyzeStore(job.Build(), {});
  EXPECT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, IsEmpty());
  return *std::move(report);
}

// `entered` of these ranks in one operation that never finishes.
void Enter(JobBuilder& job, int communicator, double at, const std::vector<int>& ranks) {
  for (int rank : ranks) {
    Op op;
    op.rank = rank, op.communicator = communicator, op.entered = at, op.started = at;
    job.Add(op);
  }
}

TEST(AnalyzeTest, JobThatEndsNormallyIsHealthy) {
  JobBuilder job(4);
  job.Steps(job.Communicator("dp", {0, 1, 2, 3}), 1, 20);
  for (int r = 0; r < 4; ++r) job.Exited(r, 3);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
  EXPECT_THAT(report.findings, IsEmpty());
}

TEST(AnalyzeTest, RankThatNeverEntersIsNamed) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  job.Steps(dp, 1, 20);
  Enter(job, dp, 2.2, {0, 1, 3});
  job.ObservedUntil(30);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.victims, ElementsAre(0, 1, 3));
  EXPECT_THAT(report.verdict.summary, HasSubstr("AllReduce #21"));
  EXPECT_NEAR(report.findings[0].since_s, 27.8, 0.01);
  EXPECT_GT(report.verdict.confidence, 0.9);
}

TEST(AnalyzeTest, ShortWaitAtTheEndOfAnInterruptedRunIsHealthy) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  job.Steps(dp, 1, 20);
  Enter(job, dp, 2.2, {0, 1, 3});
  job.ObservedUntil(3);
  for (int r = 0; r < 4; ++r) job.KilledByLauncher(r, 3);
  EXPECT_EQ(Diagnose(job).verdict.anomaly, "healthy");
}

}  // namespace
}  // namespace rankle
