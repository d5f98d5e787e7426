#include "analyzer/live/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/live/testing/nodes.h"

namespace rankle::live {
namespace {

using rankle::testing::DdpJob;
using rankle::testing::JobBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Ranks = std::vector<int32_t>;

LiveReport JudgeNodes(const std::vector<Part>& parts) {
  absl::StatusOr<LiveReport> judged = Judge(parts, {});
  EXPECT_TRUE(judged.ok()) << judged.status();
  return judged.ok() ? *std::move(judged) : LiveReport{};
}

JobBuilder HealthyJob() {
  DdpJob ddp(4);
  ddp.job.ObservedUntil(2.1);
  return ddp.job;
}

TEST(Judge, AStallOnOneNodeNamesTheRankOfTheOther) {
  const LiveReport judged = JudgeNodes(testing::NodesOfJob(testing::HangingJob(), 2).parts());
  EXPECT_EQ(judged.report.verdict.anomaly, "hang.not_entered");
  EXPECT_EQ(judged.report.verdict.ranks, Ranks{testing::kHungRank});
  EXPECT_THAT(judged.report.verdict.hosts, ElementsAre("n1"));
  EXPECT_THAT(judged.silent_nodes, IsEmpty());
}

TEST(Judge, AHealthyJobIsHealthy) {
  EXPECT_TRUE(JudgeNodes(testing::NodesOfJob(HealthyJob(), 2).parts()).report.verdict.IsHealthy());
}

// A digest that is older by its interval shows ranks as they were then: they have not stopped since.
TEST(Judge, ADigestThatIsALittleOlderIsNoStoppedProcess) {
  testing::NodesOfJob nodes(testing::HangingJob(), 2);
  for (record::FlightRecord& record : nodes.parts()[0].digest.processes) {
    record.process.heartbeat_ns -= 3'000'000'000, record.observed_ns -= 3'000'000'000;
  }
  const LiveReport judged = JudgeNodes(nodes.parts());
  EXPECT_EQ(judged.report.verdict.anomaly, "hang.not_entered");
  EXPECT_EQ(judged.report.verdict.ranks, Ranks{testing::kHungRank});
}

TEST(Judge, ASilentNodeIsNamedWithItsRanks) {
  testing::NodesOfJob nodes(HealthyJob(), 2);
  nodes.parts()[1].stale = true;
  const LiveReport judged = JudgeNodes(nodes.parts());
  EXPECT_THAT(judged.silent_nodes, ElementsAre("n1"));
  EXPECT_FALSE(judged.report.verdict.IsHealthy());
  EXPECT_THAT(judged.report.verdict.summary, HasSubstr("node n1 (ranks 2, 3) has been silent"));
}

TEST(Judge, WhoWaitsForASilentNodeIsItsVictim) {
  DdpJob ddp(4);
  rankle::testing::Enter(ddp.job, ddp.dp, 2.2, {0, 1});
  ddp.job.ObservedUntil(12.2).Heartbeat(2, 2.15).Heartbeat(3, 2.15);
  testing::NodesOfJob nodes(ddp.job, 2);
  nodes.parts()[1].stale = true;
  const LiveReport judged = JudgeNodes(nodes.parts());
  EXPECT_EQ(judged.report.verdict.ranks, (Ranks{2, 3}));
  EXPECT_THAT(judged.report.verdict.hosts, ElementsAre("n1"));
  EXPECT_THAT(judged.report.verdict.summary, HasSubstr("node n1"));
}

// Rank 2 works twice as long as the others in every step.
JobBuilder SlowJob() {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  const double end =
      rankle::testing::Work(job, dp, 4, 60, 0.1, [](int rank, int) { return rank == 2 ? 0.04 : 0.02; });
  job.ObservedUntil(end + 0.01);
  return job;
}

TEST(Judge, SlownessIsJudgedWhileAWatcherCallsIt) {
  testing::NodesOfJob nodes(SlowJob(), 2);
  EXPECT_TRUE(JudgeNodes(nodes.parts()).report.verdict.IsHealthy());
  nodes.parts()[0].digest.pace = {.usual_ns = 1, .slower = true, .text = "the job is slower since 3 s"};
  const Verdict slow = JudgeNodes(nodes.parts()).report.verdict;
  EXPECT_EQ(slow.anomaly, "slow.compute");
  EXPECT_EQ(slow.ranks, Ranks{2});
}

TEST(Judge, ASlowdownWithoutACulpritIsEverybodys) {
  testing::NodesOfJob nodes(HealthyJob(), 2);
  nodes.parts()[0].digest.pace = {.usual_ns = 1, .slower = true, .text = "the job is slower since 3 s"};
  const Verdict slow = JudgeNodes(nodes.parts()).report.verdict;
  EXPECT_EQ(slow.anomaly, "slow.global");
  EXPECT_EQ(slow.summary, "the job is slower since 3 s");
}

TEST(Judge, NoProcessYetIsAnErrorThatSaysSo) {
  const absl::StatusOr<LiveReport> judged = Judge(std::vector<Part>(1), {});
  EXPECT_TRUE(absl::IsNotFound(judged.status()));
}

TEST(IsSameVerdict, LooksAtClassAndCulpritsOnly) {
  Verdict a, b;
  a.anomaly = b.anomaly = "hang.not_entered", a.ranks = b.ranks = {1};
  a.summary = "waited 3 s", b.summary = "waited 4 s", b.confidence = 0.5;
  EXPECT_TRUE(IsSameVerdict(a, b));
  b.ranks = {2};
  EXPECT_FALSE(IsSameVerdict(a, b));
  b = a, b.anomaly = "hang.deadlock";
  EXPECT_FALSE(IsSameVerdict(a, b));
}

}  // namespace
}  // namespace rankle::live
