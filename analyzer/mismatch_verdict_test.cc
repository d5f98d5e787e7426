// Verdicts on jobs whose ranks disagree on an operation, its arguments or its order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using ::testing::Contains;
using testing::DdpJob;
using testing::Diagnose;
using ::testing::ElementsAre;
using testing::Enter;
using ::testing::HasSubstr;
using testing::JobBuilder;
using ::testing::Not;

TEST(MismatchVerdictTest, ChangedCountNamesTheMinority) {
  DdpJob j(4);
  for (int r = 0; r < 4; ++r) {
    j.job.Add({.rank = r, .communicator = j.dp, .entered = 2.5, .count = r == 0 ? 99u : 100u, .step = 21});
  }
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0));
}

TEST(MismatchVerdictTest, ChangedCountOfTwoRanksIsDecidedByHistory) {
  DdpJob j(2);
  for (int r = 0; r < 2; ++r) {
    j.job.Add({.rank = r, .communicator = j.dp, .entered = 2.5, .count = r == 0 ? 99u : 100u, .step = 21});
  }
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0));
}

// Steps 21 and 22 in which rank `odd` issues the buckets `order` in step 21.
void OddStep(DdpJob& j, int odd, const std::vector<int>& order) {
  for (int r : j.all) {
    const std::vector<int> buckets = r == odd ? order : std::vector<int>{0, 1, 2, 3};
    double at = 2.5;
    for (int step : {21, 22}) {
      for (int bucket : step == 21 ? buckets : std::vector<int>{0, 1, 2, 3}) {
        j.job.Add({.rank = r,
                   .communicator = j.dp,
                   .entered = at,
                   .count = 100u + static_cast<unsigned>(bucket),
                   .step = step});
        at += 0.01;
      }
    }
  }
  j.job.ObservedUntil(20);
}

TEST(MismatchVerdictTest, SkippedCallIsRecognised) {
  DdpJob j(4);
  OddStep(j, 3, {0, 1, 3});
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  EXPECT_THAT(report.verdict.summary, HasSubstr("skipped"));
}

TEST(MismatchVerdictTest, RepeatedCallIsRecognised) {
  DdpJob j(4);
  OddStep(j, 1, {0, 1, 1, 2, 3});
  const Report report = Diagnose(j.job);
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  EXPECT_THAT(report.verdict.summary, HasSubstr("twice"));
}

TEST(MismatchVerdictTest, SwappedCallsAreRecognised) {
  DdpJob j(4);
  OddStep(j, 2, {0, 2, 1, 3});
  const Report report = Diagnose(j.job);
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.summary, HasSubstr("swapped"));
}

TEST(MismatchVerdictTest, SkipAmongIdenticalCallsShowsInTheSteps) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  for (int step = 1; step <= 20; ++step) {
    for (int r = 0; r < 4; ++r) {
      for (int k = 0; k < 3; ++k) {
        if (r == 2 && step == 11 && k == 1) continue;
        const double at = 0.1 * step + 0.01 * k;
        job.Add({.rank = r, .communicator = dp, .entered = at, .finished = at + 0.005, .step = step});
      }
    }
  }
  Enter(job, dp, 2.5, {0, 1, 3});
  job.ObservedUntil(20);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.summary, HasSubstr("step 11"));
}

TEST(MismatchVerdictTest, OperationThatTheOthersNeverIssueIsOneTooMany) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {1});
  for (int r : {0, 2, 3}) j.job.Teardown(j.dp, r, 2.6, -1);
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

TEST(MismatchVerdictTest, RankThatTearsDownInsteadOfEnteringHasSkippedACall) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.Teardown(j.dp, 2, 2.6, -1).ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(MismatchVerdictTest, SkipAmongEqualBucketsIsNotTakenForASwap) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  const std::vector<uint64_t> step = {1879, 1879, 1879, 1};
  for (int r = 0; r < 4; ++r) {
    for (int k = 0; k < 60; ++k) {
      if (r == 3 && k == 48) continue;  // the first bucket of step 13
      job.Add({.rank = r,
               .communicator = dp,
               .entered = 0.1 + 0.01 * k,
               .finished = 0.105 + 0.01 * k,
               .count = step[k % 4]});
    }
  }
  job.ObservedUntil(20);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  EXPECT_THAT(report.verdict.summary, HasSubstr("skipped"));
}

TEST(MismatchVerdictTest, OfOneAgainstOneBothAreNamedWithoutConfidence) {
  DdpJob j(2);
  Enter(j.job, j.dp, 2.5, {0});
  j.job.Teardown(j.dp, 1, 2.6, -1).ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0, 1));
  EXPECT_LE(report.verdict.confidence, 0.5);
}

// Two stages whose iterations end differently: in the first steps an end of an iteration is new to everybody.
TEST(MismatchVerdictTest, RolesOfAPipelineAreNoDisorder) {
  JobBuilder job(4);
  const int tp0 = job.Communicator("tp0", {0, 1}), tp1 = job.Communicator("tp1", {2, 3});
  const int world = job.Communicator("world", {0, 1, 2, 3});
  for (int step = 0; step < 2; ++step) {
    for (int k = 0; k < 4; ++k) {
      job.Collective(tp0, 0.1 + step + 0.1 * k, 0.12 + step + 0.1 * k, {}, "ncclAllReduce", 64, step);
      job.Collective(tp1, 0.1 + step + 0.1 * k, 0.12 + step + 0.1 * k, {}, "ncclAllReduce", 64, step);
    }
    job.Collective(world, 0.6 + step, 0.62 + step, {}, "ncclAllReduce", 8, step);
  }
  Enter(job, tp0, 2.5, {0});
  Enter(job, world, 2.5, {1, 2, 3});
  job.ObservedUntil(20);
  const Report report = Diagnose(job);
  EXPECT_THAT(report.verdict.ranks, Not(Contains(2))) << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, Not(Contains(3))) << report.verdict.summary;
}

TEST(MismatchVerdictTest, ErrorThatFollowsSoonIsTheConsequence) {
  DdpJob j(4);
  OddStep(j, 1, {0, 1, 1, 2, 3});
  j.job.AsyncError(1, 2.9, 6).Exited(1, 2.91, 10);
  for (int r : {0, 2, 3}) j.job.Exited(r, 3);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

TEST(MismatchVerdictTest, DisorderAfterAFailedCallIsItsConsequence) {
  DdpJob j(4);
  OddStep(j, 1, {0, 1, 3});
  j.job.FailedCall(1, 2.49, "ncclAllReduce", 2).Exited(1, 2.7, 1);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.nccl") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

// A step of a job with two communicators: two all-reduces of `dp`, then an all-to-all of `ep`. Calls numbered
// from 0 are issued in this order; a step that is not `complete` never finishes.
void TwoCommunicatorStep(JobBuilder& job, const std::vector<int>& ranks, int dp, int ep, double at,
                         const std::vector<int>& calls, bool complete) {
  for (int call : calls) {
    for (int r : ranks) {
      job.Add({.rank = r,
               .communicator = call == 2 ? ep : dp,
               .api = call == 2 ? "ncclAlltoAll" : "ncclAllReduce",
               .entered = at,
               .finished = complete ? at + 0.002 : -1,
               .count = 100u + static_cast<unsigned>(call)});
    }
    at += 0.01;
  }
}

TEST(MismatchVerdictTest, CallSkippedBeforeAnotherCommunicatorIsNoDeadlock) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3}), ep = job.Communicator("ep", {0, 1, 2, 3});
  for (int step = 0; step < 10; ++step)
    TwoCommunicatorStep(job, {0, 1, 2, 3}, dp, ep, 0.1 + 0.1 * step, {0, 1, 2}, true);
  TwoCommunicatorStep(job, {0, 1, 2, 3}, dp, ep, 1.5, {0}, true);
  TwoCommunicatorStep(job, {0, 2, 3}, dp, ep, 1.52, {1}, false);
  TwoCommunicatorStep(job, {1}, dp, ep, 1.52, {2}, false);
  job.ObservedUntil(20);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  EXPECT_THAT(report.verdict.summary, HasSubstr("skipped AllReduce #22 of dp"));
}

TEST(MismatchVerdictTest, OfTwoRanksTheOneThatLeftItsUsualOrderIsNamed) {
  JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1}), ep = job.Communicator("ep", {0, 1});
  for (int step = 0; step < 10; ++step)
    TwoCommunicatorStep(job, {0, 1}, dp, ep, 0.1 + 0.1 * step, {0, 1, 2}, true);
  TwoCommunicatorStep(job, {0, 1}, dp, ep, 1.5, {0}, true);
  TwoCommunicatorStep(job, {1}, dp, ep, 1.52, {1, 2}, false);
  TwoCommunicatorStep(job, {0}, dp, ep, 1.52, {2, 1}, false);
  job.ObservedUntil(20);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0));
}

TEST(MismatchVerdictTest, MajorityDecidesAboutTheOrderInTheFirstStep) {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3}), ep = job.Communicator("ep", {0, 1, 2, 3});
  TwoCommunicatorStep(job, {0, 1, 2, 3}, dp, ep, 1.5, {0}, true);
  TwoCommunicatorStep(job, {0, 1, 2}, dp, ep, 1.52, {1}, false);
  TwoCommunicatorStep(job, {3}, dp, ep, 1.52, {2}, false);
  job.ObservedUntil(20);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

// Ranks of two roles whose usual orders lead into each other as soon as timing allows: nobody did anything
// new.
TEST(MismatchVerdictTest, DeadlockOfUsualOrdersNamesNoOddOne) {
  JobBuilder job(2);
  const int a = job.Communicator("a", {0, 1}), b = job.Communicator("b", {0, 1});
  for (int step = 0; step < 10; ++step) {
    TwoCommunicatorStep(job, {0}, a, b, 0.1 + 0.1 * step, {0, 1, 2}, true);
    TwoCommunicatorStep(job, {1}, a, b, 0.1 + 0.1 * step, {0, 2, 1}, true);
  }
  TwoCommunicatorStep(job, {0, 1}, a, b, 1.5, {0}, true);
  TwoCommunicatorStep(job, {0}, a, b, 1.52, {1}, false);
  TwoCommunicatorStep(job, {1}, a, b, 1.52, {2}, false);
  job.ObservedUntil(20);
  EXPECT_EQ(Diagnose(job).verdict.anomaly, "hang.deadlock");
}

}  // namespace
}  // namespace rankle
