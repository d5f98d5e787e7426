// Verdicts on whole synthetic jobs that hang: class and exact culprits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using ::testing::Contains;
using testing::DdpJob;
using testing::Diagnose;
using ::testing::ElementsAre;
using testing::Enter;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JobBuilder;

TEST(HangVerdictTest, RankThatNeverEntersIsNamed) {
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

// The launcher ends one rank after the other; what the last ones do about it is no part of the hang.
TEST(HangVerdictTest, WhatRanksDoWhileTheJobIsBeingEndedIsNotTheirs) {
  JobBuilder job(4);
  const int first = job.Communicator("first", {0, 1, 2, 3}),
            second = job.Communicator("second", {0, 1, 2, 3});
  for (int step = 0; step < 10; ++step) {
    job.Collective(first, 0.2 * step + 0.1, 0.2 * step + 0.15);
    job.Collective(second, 0.2 * step + 0.2, 0.2 * step + 0.25);
  }
  for (int r = 0; r < 4; ++r) {  // rank 3 has the two the other way round, on one stream
    job.Add({.rank = r, .communicator = r == 3 ? second : first, .entered = 2.3});
    job.Add({.rank = r, .communicator = r == 3 ? first : second, .entered = 2.31});
  }
  job.ObservedUntil(6.1).StalledAt(6);
  for (int r : {0, 2, 3}) job.KilledByLauncher(r, 6.03);
  job.Teardown(first, 1, 6.05, -1).KilledByLauncher(1, 6.07);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

// Everybody is in the all-reduce; `transfers` adds what the transport records say.
Report InsideWithTransfers(const std::function<void(store::Store&)>& transfers) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 2, 3});
  j.job.ObservedUntil(20);
  store::Store store = j.job.Build();
  transfers(store);
  auto report = AnalyzeStore(std::move(store), {});
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *report : Report{};
}

store::Transfer& AddTransfer(store::Store& store, int source, int destination, uint64_t posted,
                             uint64_t sent) {
  store::Transfer& t = store.transfers.emplace_back();
  t.communicator = 0, t.source = source, t.destination = destination, t.has_source = true;
  t.posted = posted, t.sent = sent;
  return t;
}

TEST(HangVerdictTest, TheLinkOnWhichATransferStandsStillIsNamed) {
  const Report report = InsideWithTransfers([](store::Store& store) {
    AddTransfer(store, 0, 1, 90, 89);  // waits for room at rank 1, which cannot go on either
    AddTransfer(store, 1, 2, 90, 88).moving = 1;
    AddTransfer(store, 2, 3, 88, 88);
  });
  EXPECT_EQ(report.verdict.anomaly, "hang.in_collective");
  EXPECT_THAT(report.verdict.links, ElementsAre(std::pair(1, 2)));
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
  EXPECT_THAT(report.verdict.summary, HasSubstr("stands still on the link 1 -> 2"));
  EXPECT_THAT(report.findings[0].evidence, Contains(HasSubstr("90 steps begun, 88 sent; 1 on the wire")));
}

// Of the last operation of rank `rank` before the one that hangs (1), or of that itself (0).
int64_t OperationFromEnd(const store::Store& store, int rank, size_t back) {
  return static_cast<int64_t>(store.rank_begin(static_cast<size_t>(rank) + 1) - 1 - back);
}

TEST(HangVerdictTest, StepsOfAnotherOperationDoNotNameTheLink) {
  const Report report = InsideWithTransfers([](store::Store& store) {
    store::Transfer& other = AddTransfer(store, 0, 1, 90, 89);
    other.moving = 1, other.moving_operation = OperationFromEnd(store, 0, 1);
    store::Transfer& stuck = AddTransfer(store, 1, 2, 90, 88);
    stuck.moving = 1, stuck.moving_operation = OperationFromEnd(store, 1, 0);
    for (int rank = 0; rank < 4; ++rank) {
      store::OperationProgress& p = store.progress.emplace_back();
      p.operation = static_cast<uint32_t>(OperationFromEnd(store, rank, 0));
      p.sends_posted = p.receives_posted = 8, p.receives_done = 6, p.sends_done = rank == 1 ? 2 : 6;
    }
  });
  EXPECT_THAT(report.verdict.links, ElementsAre(std::pair(1, 2)));
  EXPECT_THAT(report.findings[0].evidence,
              Contains(HasSubstr("1 on the wire since 0.0 s, of AllReduce #81")));
  EXPECT_THAT(report.findings[0].evidence, Contains(HasSubstr("rank 1: 2 of 8 begun sends and 6 of 8")));
}

TEST(HangVerdictTest, SeveralLinksWithSomethingOnTheWayAreEvidenceOnly) {
  const Report report = InsideWithTransfers([](store::Store& store) {
    AddTransfer(store, 0, 1, 90, 89);
    AddTransfer(store, 1, 2, 90, 88);
  });
  EXPECT_EQ(report.verdict.anomaly, "hang.in_collective");
  EXPECT_THAT(report.verdict.links, IsEmpty());
  EXPECT_THAT(report.findings[0].evidence,
              Contains(HasSubstr("rank 0 to rank 1, channel 0: 90 steps begun")));
}

TEST(HangVerdictTest, WhatWasSentAndNeverCameStandsOnItsLink) {
  const Report report = InsideWithTransfers([](store::Store& store) {
    store::Transfer& lost = AddTransfer(store, 2, 0, 50, 50);
    lost.has_destination = true, lost.expected = 50, lost.received = 49;
    AddTransfer(store, 0, 1, 90, 90);
  });
  EXPECT_THAT(report.verdict.links, ElementsAre(std::pair(2, 0)));
}

TEST(HangVerdictTest, TwoRanksThatNeverEnterAreBothNamed) {
  DdpJob j(8);
  Enter(j.job, j.dp, 2.5, {0, 2, 3, 4, 5, 7});
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1, 6));
}

TEST(HangVerdictTest, RankZeroIsNotTakenForInnocent) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {1, 2, 3});
  j.job.ObservedUntil(20);
  EXPECT_THAT(Diagnose(j.job).verdict.ranks, ElementsAre(0));
}

TEST(HangVerdictTest, StoppedProcessThatHasNotEnteredIsNamed) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.ObservedUntil(20).Heartbeat(2, 2.3);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.summary, HasSubstr("stopped"));
}

TEST(HangVerdictTest, StoppedProcessInsideTheCollectiveIsNamed) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 2, 3});
  j.job.ObservedUntil(20).Heartbeat(2, 2.6);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.in_collective");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(HangVerdictTest, StoppedProcessKilledByTheLauncherIsStillFoundStopped) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.ObservedUntil(12).Heartbeat(2, 2.3);
  for (int r = 0; r < 4; ++r) j.job.KilledByLauncher(r, 12);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(HangVerdictTest, StoppedProcessWhoseLastOperationWasNotPolledIsBlamedForTheNext) {
  DdpJob j(4);
  for (int r : {0, 1, 3})
    j.job.Add({.rank = r, .communicator = j.dp, .entered = 2.5, .finished = 2.6, .count = 100});
  j.job.Add({.rank = 2,
             .communicator = j.dp,
             .entered = 2.5,
             .count = 100});  // finished, but nobody looked any more
  Enter(j.job, j.dp, 2.7, {0, 1, 3});
  j.job.ObservedUntil(20).Heartbeat(2, 2.55);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(HangVerdictTest, StoppedProcessWithEarlierWorkInFlightIsBlamedForWhatItNeverEntered) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 2, 3});  // queued by all, and needs the stopped process to go on
  Enter(j.job, j.dp, 2.6, {0, 1, 3});
  j.job.ObservedUntil(20).Heartbeat(2, 2.55);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.summary, HasSubstr("#82"));
}

TEST(HangVerdictTest, AllInsideWithoutAHintNamesNobody) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 2, 3});
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.in_collective");
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
}

TEST(HangVerdictTest, DeviceThatNeverReachesTheCollectiveIsNamed) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.Add({.rank = 2, .communicator = j.dp, .entered = 2.5});
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(HangVerdictTest, RankThatNeverCreatesTheCommunicatorIsNamed) {
  JobBuilder job(4);
  const int world = job.Communicator("world", {0, 1, 2, 3});
  for (int r : {0, 1, 3}) job.Creating(world, r, 0.5);
  job.NotCreatedBy(world, 2).ObservedUntil(20);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.init");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(HangVerdictTest, RankThatNeverTearsDownIsNamed) {
  DdpJob j(4);
  for (int r : {0, 1, 3}) j.job.Teardown(j.dp, r, 2.5, -1);
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.exit");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(HangVerdictTest, RankThatDoesNotEndWhenAllOthersHaveIsNamed) {
  DdpJob j(4);
  for (int r : {0, 1, 3}) {
    j.job.Teardown(j.dp, r, 2.5, 2.6);
    j.job.Exited(r, 2.7);
  }
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.exit");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(HangVerdictTest, RankThatRanItsExitHandlersAndStaysIsNamed) {
  DdpJob j(4);
  for (int r : {0, 1, 3}) j.job.Exited(r, 2.7);
  j.job.Heartbeat(2, 2.6).ExitHandlersRan(2).KilledByLauncher(2, 20);
  for (int r : {0, 1, 3}) j.job.Teardown(j.dp, r, 2.5, 2.6);
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.exit") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(HangVerdictTest, OppositeOrderOnTwoCommunicatorsIsADeadlock) {
  JobBuilder job(2);
  const int a = job.Communicator("a", {0, 1}), b = job.Communicator("b", {0, 1});
  job.Add({.rank = 0, .communicator = a, .entered = 1});
  job.Add({.rank = 1, .communicator = b, .entered = 1});
  job.ObservedUntil(20);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.deadlock");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0, 1));
}

TEST(HangVerdictTest, QueuedInOppositeOrderOnOneStreamIsADeadlockToo) {
  JobBuilder job(2);
  const int a = job.Communicator("a", {0, 1}), b = job.Communicator("b", {0, 1});
  job.Add({.rank = 0, .communicator = a, .entered = 1}).Add({.rank = 0, .communicator = b, .entered = 1.1});
  job.Add({.rank = 1, .communicator = b, .entered = 1}).Add({.rank = 1, .communicator = a, .entered = 1.1});
  job.ObservedUntil(20);
  EXPECT_EQ(Diagnose(job).verdict.anomaly, "hang.deadlock");
}

TEST(HangVerdictTest, MissingRecordGivesNoName) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.ObservedUntil(20).WithoutRecord(2);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "unknown");
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
  EXPECT_THAT(report.data_quality.missing_ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.summary, HasSubstr("missing: 2"));
}

TEST(HangVerdictTest, RankWhoseRecordsAreCutOffIsNoCulprit) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.ObservedUntil(20).LostOperations(0, 30);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(HangVerdictTest, JobThatWasEndedWhileAllIdleIsNotHealthy) {
  DdpJob j(4);
  j.job.ObservedUntil(20).StalledAt(19);
  for (int r : j.all) j.job.KilledByLauncher(r, 19.5);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0, 1, 2, 3));
}

TEST(HangVerdictTest, StallOfTheOnlyRecordedRankIsUnknown) {
  DdpJob j(4);
  j.job.ObservedUntil(20).StalledAt(19);
  for (int r : j.all) j.job.KilledByLauncher(r, 19.5);
  for (int r : {0, 1, 3}) j.job.WithoutRecord(r);
  EXPECT_EQ(Diagnose(j.job).verdict.anomaly, "unknown");
}

TEST(HangVerdictTest, CreationThatFewLeftOutNamesThem) {
  JobBuilder job(4);
  const int world = job.Communicator("world", {0, 1, 2, 3}), half = job.Communicator("half", {0, 1, 2, 3});
  for (int k = 0; k < 10; ++k) job.Collective(world, 0.1 + 0.1 * k, 0.15 + 0.1 * k);
  for (int r : {0, 2, 3}) job.Creating(half, r, 1.5);
  job.NotCreatedBy(half, 1);
  Enter(job, world, 1.5, {1});
  job.ObservedUntil(20);
  const Report report = Diagnose(job);
  EXPECT_EQ(report.verdict.anomaly, "hang.init") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

}  // namespace
}  // namespace rankle
