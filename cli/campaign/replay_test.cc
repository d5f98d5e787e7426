#include "cli/campaign/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/campaign/testing/retry_storm.h"
#include "injector/plan/plan.h"

namespace rankle::cli {
namespace {

using stitch::RunObservation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAwait;
using testing::kOk;
using testing::kServe;
using testing::kTimedOut;
using testing::NamesOfSites;
using testing::Observed;
using testing::RetryStorm;

Campaign TwoWorkloads() {
  Campaign campaign;
  campaign.workloads.resize(2);
  campaign.workloads[0].name = "small";
  campaign.workloads[1].name = "large";
  campaign.workloads[1].ranks = 8;
  return campaign;
}

TEST(Replay, BeginsWithTheDelayInEveryWorkload) {
  const std::vector<Replay> replays = ReplaysOf(RetryStorm(), TwoWorkloads(), {}, NamesOfSites());
  ASSERT_EQ(replays.size(), 2u) << "the injected error would count as the time-out that closes the cycle";
  EXPECT_EQ(replays[0].workload, "small");
  EXPECT_EQ(replays[1].workload, "large");
  EXPECT_EQ(replays[0].link, 1u);
  EXPECT_THAT(replays[0].plan, HasSubstr("delay read time=200000000ns"));
}

TEST(Replay, WorkloadsWithTheSameLargerJobAreTriedOnce) {
  Campaign campaign = TwoWorkloads();
  campaign.workloads[0].ranks = campaign.workloads[1].ranks;
  EXPECT_EQ(ReplaysOf(RetryStorm(), campaign, {}, NamesOfSites()).size(), 1u);
}

TEST(Replay, ErrorsComeOnceWhereTheirOwnOutcomeIsNotTheEffect) {
  stitch::Cycle cycle = RetryStorm();
  cycle.edges[1].edge.effect = stitch::Effect::kMoreWork;
  const std::vector<Replay> replays = ReplaysOf(cycle, TwoWorkloads(), {}, NamesOfSites());
  ASSERT_EQ(replays.size(), 4u);
  EXPECT_THAT(replays[0].plan, HasSubstr("fail recv errno=11"));
  EXPECT_THAT(replays[0].plan, ::testing::EndsWith("nth=1"));
}

// A delay at `site` that was seen to bring `outcome` at the client's wait.
stitch::Causes DelayElsewhere(stitch::SiteId site, stitch::Signature outcome) {
  stitch::Causes causes;
  causes.experiments.resize(1);
  causes.experiments[0].fault = {site, stitch::FaultKind::kDelay, 100'000'000, 0, ""};
  stitch::Edge edge;
  edge.effect = stitch::Effect::kNewBehaviour;
  edge.to = {"client", kAwait};
  edge.evidence = {{.call_site = 1, .fresh = {outcome}}};
  causes.edges = {edge};
  return causes;
}

TEST(Replay, GoesInFromOutsideWhereADelayBringsAnEffectOfTheCycle) {
  constexpr stitch::SiteId kHandle = 0xa3;
  stitch::Names names = NamesOfSites();
  names.sites[kHandle].name = "read from Handle";
  const std::vector<Replay> replays =
      ReplaysOf(RetryStorm(), TwoWorkloads(), DelayElsewhere(kHandle, kTimedOut), names);
  ASSERT_EQ(replays.size(), 4u) << "the cycle's own delay, then the other one, each in two workloads";
  EXPECT_EQ(replays[2].workload, "small");
  EXPECT_EQ(replays[2].link, 0u) << "the retry goes on from a time-out";
  EXPECT_THAT(replays[2].plan, HasSubstr("delay read time=100000000ns"));
  EXPECT_EQ(ReplaysOf(RetryStorm(), TwoWorkloads(), DelayElsewhere(kHandle, kOk), names).size(), 2u)
      << "another outcome does not lead into it";
  EXPECT_EQ(ReplaysOf(RetryStorm(), TwoWorkloads(), DelayElsewhere(kServe, kTimedOut), names).size(), 2u)
      << "that is its own fault";
}

TEST(Replay, PlansAreOnesThatRankleRunTakes) {
  stitch::Cycle cycle = RetryStorm();
  cycle.edges[1].edge.effect = stitch::Effect::kMoreWork;
  stitch::Names names = NamesOfSites();
  for (const char* function : {"recv", "poll"}) {
    names.sites[kAwait].name = std::string(function) + " from Await";
    if (function[0] == 'p') cycle.edges[0].experiment.fault.parameter = stitch::kTimeOut;
    for (const Replay& replay : ReplaysOf(cycle, TwoWorkloads(), {}, names)) {
      plan::Plan plan;
      EXPECT_TRUE(plan.AddYaml(replay.yaml, "replay").ok()) << replay.yaml;
      ASSERT_TRUE(plan.AddShortForm(replay.plan).ok()) << replay.plan;
      EXPECT_EQ(plan.fault(0).action, plan.fault(1).action);
    }
  }
}

TEST(Replay, APointOfTheSourceIsArmedByItsVariable) {
  stitch::Cycle cycle = RetryStorm();
  cycle.edges[1].edge.effect = stitch::Effect::kMoreWork;
  cycle.edges[0].experiment.fault = {kAwait, stitch::FaultKind::kNegation, 0, 0, ""};
  stitch::Names names = NamesOfSites();
  names.sites[kAwait] = {
      .name = "detector IsLate from Await", .kind = stitch::SiteKind::kDetector, .guards = {}};
  const Replay replay = ReplaysOf(cycle, TwoWorkloads(), {}, names)[0];
  EXPECT_EQ(replay.plan, "point negate 00000000000000a1 hit=1 times=1");
  EXPECT_THAT(replay.yaml, HasSubstr("RANKLE_POINTS_ARM: \"negate 00000000000000a1 hit=1 times=1\""));
}

TEST(Replay, HoldsWhereAllEffectsComeAndTheJobDoesNotGetOverThem) {
  const std::vector<RunObservation> plain = {Observed(100, false, 10), Observed(101, false, 10)};
  const ReplaySight storm = Look(RetryStorm(), plain, Observed(300, true, 4, stitch::End::kFailed));
  EXPECT_THAT(storm.missing, IsEmpty());
  EXPECT_TRUE(storm.lasting);
  const ReplaySight healed = Look(RetryStorm(), plain, Observed(110, true, 10));
  EXPECT_THAT(healed.missing, IsEmpty());
  EXPECT_FALSE(healed.lasting);
}

TEST(Replay, NamesTheLinksThatDidNotShow) {
  const std::vector<RunObservation> plain = {Observed(100, false, 10), Observed(101, false, 10)};
  EXPECT_THAT(Look(RetryStorm(), plain, Observed(101, true, 10)).missing, ElementsAre(0))
      << "as many as a plain run";
  EXPECT_THAT(Look(RetryStorm(), plain, Observed(200, false, 10)).missing, ElementsAre(1));
  EXPECT_THAT(Look(RetryStorm(), {Observed(100, true, 10)}, Observed(200, true, 10)).missing, ElementsAre(1))
      << "a plain run is late, too";
  EXPECT_THAT(Look(RetryStorm(), plain, Observed(101, true, 3)).missing, IsEmpty())
      << "more than twice the calls for a unit";
}

// The server and the clients had begun a third unit when one of them was killed.
TEST(Replay, AJobThatEndedInTheMiddleOfItsWorkIsNoStorm) {
  const std::vector<RunObservation> plain = {Observed(80, false, 10)};
  RunObservation killed = Observed(24, true, 1, stitch::End::kFailed);
  killed.most_units = 2;
  EXPECT_THAT(Look(RetryStorm(), plain, killed).missing, ElementsAre(0));
  killed.rows[0].hits = 60;  // 20 for each unit begun, where 8 are usual
  EXPECT_THAT(Look(RetryStorm(), plain, killed).missing, IsEmpty());
}

}  // namespace
}  // namespace rankle::cli
