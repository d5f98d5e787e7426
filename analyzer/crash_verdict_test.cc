// Verdicts on jobs in which something failed or died: the first failure is named, not what followed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using testing::DdpJob;
using testing::Diagnose;
using ::testing::ElementsAre;
using testing::Enter;
using ::testing::HasSubstr;

TEST(CrashVerdictTest, KilledRankIsTheCauseOfTheHangThatFollows) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.Killed(2, 2.45, 9).ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.process");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.victims, ElementsAre(0, 1, 3));
  EXPECT_THAT(report.verdict.summary, HasSubstr("SIGKILL"));
}

TEST(CrashVerdictTest, PeersThatExitBecauseOfAKilledRankAreNotTheCause) {
  DdpJob j(4);
  j.job.Heartbeat(2, 2.45).Killed(2, 3.2, 9);  // reaped after the peers noticed
  for (int r : {0, 1, 3}) j.job.AsyncError(r, 2.6, 6).Exception(r, 2.65, "JobError").Exited(r, 2.7, 1);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.process");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(CrashVerdictTest, ExitCodeNamesTheRankThatLeftFirst) {
  DdpJob j(4);
  j.job.Exited(1, 2.4, 3);
  for (int r : {0, 2, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.process");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

TEST(CrashVerdictTest, RankThatLeavesWithSuccessWhileOthersWaitIsNamed) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.Exited(2, 2.4, 0).ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.process");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(CrashVerdictTest, FailedCudaCallIsTheRootOfTheExceptionAndTheExit) {
  DdpJob j(4);
  j.job.FailedCall(3, 2.4, "cudaMemcpyAsync", 1).Exception(3, 2.41, "JobError").Exited(3, 2.5, 1);
  for (int r : {0, 1, 2}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.cuda");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

TEST(CrashVerdictTest, FailedAllocationIsOutOfMemory) {
  DdpJob j(4);
  j.job.FailedCall(0, 2.4, "cudaMalloc", 2).Exited(0, 2.5, 1);
  for (int r : {1, 2, 3}) j.job.KilledByLauncher(r, 2.8);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.oom");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0));
}

TEST(CrashVerdictTest, RankThatFailedDidNotDecideToLeaveOutACall) {
  for (int ranks : {2, 4}) {
    DdpJob j(ranks);
    for (int r = 0; r < ranks; ++r) {
      if (r != 1) Enter(j.job, j.dp, 2.35, {r});  // before it fails
    }
    // The interpreter ends in order, communicators and all; the others see it and wait on.
    j.job.FailedCall(1, 2.4, "cudaMemcpyAsync", 1)
        .Teardown(j.dp, 1, 2.6, 2.65)
        .Exited(1, 2.7, 1)
        .ObservedUntil(20);
    const Report report = Diagnose(j.job);
    EXPECT_EQ(report.verdict.anomaly, "crash.cuda") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  }
}

TEST(CrashVerdictTest, RanksThatFailedDoNotMakeTheOneThatWaitsACallTooFar) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {1});
  for (int r : {0, 2, 3}) {
    j.job.FailedCall(r, 2.4, "cudaMemcpyAsync", 1).Teardown(j.dp, r, 2.6, -1).Exited(r, 2.7, 1);
  }
  j.job.ObservedUntil(20);
  EXPECT_EQ(Diagnose(j.job).verdict.anomaly, "crash.cuda");
}

TEST(CrashVerdictTest, PythonExceptionThatEndsARankIsNamedWithItsLine) {
  DdpJob j(4);
  j.job.PythonException(1, 2.4, "ValueError: bad shard (train.py:42 in load)").Exited(1, 2.5, 1);
  for (int r : {0, 2, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.exception");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  EXPECT_THAT(report.verdict.summary, HasSubstr("ValueError: bad shard (train.py:42 in load)"));
}

TEST(CrashVerdictTest, ExceptionThatEndsARankIsNamedWithItsType) {
  DdpJob j(4);
  j.job.Exception(1, 2.4, "std::runtime_error").Killed(1, 2.5, 6);
  for (int r : {0, 2, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.exception");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  EXPECT_THAT(report.verdict.summary, HasSubstr("std::runtime_error"));
}

TEST(CrashVerdictTest, AsynchronousErrorWithoutALocalCauseNamesWhereItAppearedFirst) {
  DdpJob j(4);
  j.job.AsyncError(2, 2.4, 6).Exited(2, 2.5, 1);
  for (int r : {0, 1, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.nccl");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(CrashVerdictTest, CaughtExceptionsAndRecoveredErrorsAreHealthy) {
  DdpJob j(4);
  j.job.Exception(1, 0.5, "std::out_of_range").FailedCall(2, 0.5, "cudaMalloc", 2);
  for (int r : j.all) j.job.Exited(r, 3);
  EXPECT_EQ(Diagnose(j.job).verdict.anomaly, "healthy");
}

TEST(CrashVerdictTest, JobEndedByCtrlCIsHealthy) {
  DdpJob j(4);
  for (int r : j.all) j.job.Killed(r, 2.5, 2);
  EXPECT_EQ(Diagnose(j.job).verdict.anomaly, "healthy");
}

TEST(CrashVerdictTest, WatchdogThatEndsVictimsIsNotTheCause) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.Exception(0, 15, "WatchdogTimeout").Killed(0, 15.1, 6).ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(CrashVerdictTest, ExceptionsInsideTheLibraryOfVictimsAreNotTheCause) {
  DdpJob j(4);
  j.job.FailedCall(1, 2.400, "ncclCommFinalize", 2).Exited(1, 2.42, 10);
  for (int r : {0, 2, 3}) {
    j.job.Exception(r, 2.41, "TransferStopped").AsyncError(r, 2.411, 6).Exited(r, 2.42, 10);
  }
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.nccl") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

TEST(CrashVerdictTest, ExitCodesAreNotTakenForSignals) {
  for (int code : {1, 2, 15}) {
    DdpJob j(4);
    for (int r : j.all) j.job.Exited(r, 2.5 + 0.1 * r, code);
    EXPECT_EQ(Diagnose(j.job).verdict.anomaly, "crash.process") << code;
  }
}

TEST(CrashVerdictTest, JobOfShellsThatReportTheCtrlCTheyGotIsHealthy) {
  DdpJob j(4);
  for (int r : j.all) j.job.Exited(r, 2.5, 130);
  EXPECT_EQ(Diagnose(j.job).verdict.anomaly, "healthy");
}

TEST(CrashVerdictTest, RankThatLeavesWithSuccessIsTheCauseOfItsPeersRemoteErrors) {
  DdpJob j(4);
  for (int r : {0, 2, 3}) {
    Enter(j.job, j.dp, 2.5, {r});
    j.job.AsyncError(r, 2.502, 6).Exited(r, 2.51, 10);
  }
  j.job.Exited(1, 2.505);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.process") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

TEST(CrashVerdictTest, RemoteErrorsWithoutALeaverAreNotBlamedOnThoseWhoFinished) {
  DdpJob j(4);
  for (int r : {0, 2, 3}) j.job.Teardown(j.dp, r, 2.4, 2.41).Exited(r, 2.6);
  j.job.AsyncError(1, 2.502, 6).Exited(1, 2.51, 10);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.nccl") << report.verdict.summary;
}

TEST(CrashVerdictTest, CudaErrorThatNcclPassesOnIsACudaError) {
  DdpJob j(4);
  j.job.FailedCall(2, 2.5, "ncclAllReduce", 1).Exited(2, 2.6, 10);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.cuda") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(CrashVerdictTest, RankThatTearsDownWhereOthersGoOnIsNamed) {
  DdpJob j(4);
  j.job.Teardown(j.dp, 2, 2.45, 2.46).Exited(2, 2.47);
  testing::Enter(j.job, j.dp, 2.5, {0, 1, 3});
  for (int r : {0, 1, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.process") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(CrashVerdictTest, RankThatTearsDownAfterAnErrorAndEndsWellIsNotBlamed) {
  DdpJob j(4);
  testing::Enter(j.job, j.dp, 2.5, {0, 1, 3});
  for (int r : {0, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.9, 1);
  j.job.AsyncError(1, 2.6, 6).Exited(1, 2.9, 1);
  j.job.Teardown(j.dp, 2, 2.65, 2.66).Exited(2, 2.7);
  EXPECT_THAT(Diagnose(j.job).verdict.ranks, ::testing::Not(ElementsAre(2)));
}

}  // namespace
}  // namespace rankle
