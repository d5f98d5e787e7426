// The causal chain of synthetic jobs, with the built-in edges.
#include "analyzer/explain/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/diagnose.h"

namespace rankle::explain {
namespace {

using testing::DdpJob;
using testing::Diagnose;
using ::testing::ElementsAre;
using testing::Enter;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JobBuilder;

const ChainLink* Find(const Report& report, const std::string& edge) {
  for (const ChainLink& link : report.causal_chain) {
    if (link.edge == edge) return &link;
  }
  return nullptr;
}

void ExpectCausesFirst(const Report& report) {
  const auto& chain = report.causal_chain;
  for (size_t i = 0; i < chain.size(); ++i) {
    if (chain[i].because < 0) continue;
    ASSERT_LT(static_cast<size_t>(chain[i].because), i);
    EXPECT_LE(chain[static_cast<size_t>(chain[i].because)].t_s, chain[i].t_s);
  }
}

TEST(CausalChainTest, DeadPeerLeadsToRemoteErrorsAndTheEndsOfThePeersAsOneEntryEach) {
  DdpJob j(4);
  j.job.Heartbeat(2, 2.45).Killed(2, 3.2, 9);
  for (int r : {0, 1, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  const Report report = Diagnose(j.job);
  EXPECT_THAT(EdgesOf(report.causal_chain), ElementsAre("peer-lost/remote-error", "nccl-error/stops"));
  const ChainLink* error = Find(report, "peer-lost/remote-error");
  ASSERT_NE(error, nullptr);
  EXPECT_THAT(error->ranks, ElementsAre(0, 1, 3));
  EXPECT_EQ(report.causal_chain[static_cast<size_t>(error->because)].rank, 2);
  ExpectCausesFirst(report);
}

TEST(CausalChainTest, WhatALibraryThrowsWhileItsRankAbortsIsNoReasonToExit) {
  DdpJob j(4);
  j.job.Heartbeat(2, 2.45).Killed(2, 3.2, 9);
  for (int r : {0, 1, 3}) {
    j.job.AsyncError(r, 2.6, 6).Teardown(j.dp, r, 2.62, 2.68).Exception(r, 2.65, "Stopped").Exited(r, 2.7, 1);
  }
  store::Store store = j.job.Build();
  for (store::Member& m : store.communicators.front().members) {
    if (m.rank != 2) m.state = store::CommState::kAborted;
  }
  const auto report = AnalyzeStore(std::move(store), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(EdgesOf(report->causal_chain),
              ElementsAre("peer-lost/remote-error", "nccl-error/stops", "abort/exit"));
}

TEST(CausalChainTest, OutOfMemoryLeadsToTheEndOfItsRankAndTheWaitOfTheOthers) {
  DdpJob j(4);
  j.job.FailedCall(1, 2.4, "cudaMalloc", 2).Exited(1, 2.5, 12);
  Enter(j.job, j.dp, 2.55, {0, 2, 3});
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.oom");
  EXPECT_THAT(EdgesOf(report.causal_chain), ElementsAre("oom/stops", "peer-lost/wait"));
}

TEST(CausalChainTest, StandstillLeadsToTheWaitAndToTheTimeoutOfAWaiter) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.Exception(0, 15, "WatchdogTimeout").Killed(0, 15.1, 6).ObservedUntil(20);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(EdgesOf(report.causal_chain),
              ElementsAre("standstill/wait", "wait/timeout", "exception/stops"));
}

TEST(CausalChainTest, WaitThatBeganBeforeItsCauseIsToldFromTheCauseOn) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.40, {0, 1, 3});
  j.job.Heartbeat(2, 2.45).Killed(2, 2.45, 9).ObservedUntil(20);
  const Report report = Diagnose(j.job);
  const ChainLink* wait = Find(report, "peer-lost/wait");
  ASSERT_NE(wait, nullptr);
  EXPECT_THAT(wait->event, HasSubstr("keep waiting in AllReduce"));
  ExpectCausesFirst(report);
}

TEST(CausalChainTest, FailuresOfRanksWithoutACommonCommunicatorAreNotLinked) {
  JobBuilder job(4);
  const int first = job.Communicator("a", {0, 1}), second = job.Communicator("b", {2, 3});
  job.Steps(first, 1, 20).Steps(second, 1, 20);
  job.Killed(0, 2.3, 9).AsyncError(1, 2.4, 6).Exited(1, 2.45, 1);
  job.AsyncError(2, 2.5, 6).Exited(2, 2.55, 1).AsyncError(3, 2.5, 6).Exited(3, 2.55, 1);
  const Report report = Diagnose(job);
  const ChainLink* error = Find(report, "peer-lost/remote-error");
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->rank, 1);
  EXPECT_THAT(error->ranks, IsEmpty());
  for (const ChainLink& link : report.causal_chain) {
    if (link.rank >= 2) {
      EXPECT_EQ(link.because, -1) << link.event;
    }
  }
}

TEST(CausalChainTest, HealthyJobHasNoChain) {
  DdpJob j(4);
  j.job.Exception(1, 0.5, "std::out_of_range").FailedCall(2, 0.5, "cudaMalloc", 2);
  for (int r : j.all) j.job.Exited(r, 3);
  EXPECT_THAT(Diagnose(j.job).causal_chain, IsEmpty());
}

TEST(CausalChainTest, EdgesThatAreGivenExplainToo) {
  DdpJob j(4);
  j.job.FailedCall(1, 2.3, "cudaMemcpyAsync", 1).FailedCall(2, 2.4, "cudaEventQuery", 1);
  j.job.Exited(1, 2.5, 11).Exited(2, 2.6, 11);
  CauseEdge edge;
  edge.id = "campaign", edge.reach = Reach::kPeer, edge.most_ns = 1'000'000'000;
  edge.cause.kinds = edge.effect.kinds = {EventKind::kCall};
  edge.cause.names = {"cudaMemcpyAsync"}, edge.effect.names = {"cudaEventQuery"};
  AnalyzeOptions options;
  EXPECT_EQ(Find(*AnalyzeStore(j.job.Build(), options), "campaign"), nullptr);
  options.cause_edges = {edge};
  const auto report = AnalyzeStore(j.job.Build(), options);
  const ChainLink* link = Find(*report, "campaign");
  ASSERT_NE(link, nullptr);
  EXPECT_EQ(link->rank, 2);
  EXPECT_EQ(report->causal_chain[static_cast<size_t>(link->because)].rank, 1);
}

TEST(CausalChainTest, TextIndentsEffectsBelowTheirCauses) {
  DdpJob j(4);
  j.job.Heartbeat(2, 2.45).Killed(2, 3.2, 9);
  for (int r : {0, 1, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  const std::string text = RenderText(Diagnose(j.job));
  EXPECT_THAT(text, HasSubstr("ranks 0, 1, 3 -> asynchronous error ncclRemoteError"));
  EXPECT_THAT(text, HasSubstr("  -> the process ended with exit code 1"));
}

TEST(CausalChainTest, EntriesOfTheChainStayWhenThereAreTooMany) {
  Incident incident;
  for (int rank = 0; rank < 60; ++rank) {
    Event e;
    e.kind = EventKind::kNotice, e.ranks = {rank}, e.text = "notice " + std::to_string(rank);
    incident.events.push_back(e);
  }
  Event root, effect;
  root.kind = EventKind::kEnd, root.ranks = {0}, root.earliest = root.latest = root.shown = 100,
  root.root = true;
  effect = root, effect.kind = EventKind::kStart, effect.earliest = effect.latest = effect.shown = 200,
  effect.root = false;
  root.text = "ends", effect.text = "starts";
  incident.events.insert(incident.events.end(), {root, effect});
  std::vector<std::string> problems;
  const auto chain = ToChain(incident, BuiltInEdges(problems), false);
  EXPECT_EQ(chain.size(), 24u);
  EXPECT_THAT(EdgesOf(chain), ElementsAre("end/restarted"));
  EXPECT_EQ(chain.back().event, "starts");
  EXPECT_EQ(chain[static_cast<size_t>(chain.back().because)].event, "ends");
}

}  // namespace
}  // namespace rankle::explain
