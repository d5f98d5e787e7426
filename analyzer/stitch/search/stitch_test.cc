#include "analyzer/stitch/search/stitch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analyzer/stitch/cycles_json.h"
#include "analyzer/stitch/testing/causes_builder.h"

namespace rankle::stitch {
namespace {

using testing::CausesBuilder;
using ::testing::Contains;
using testing::Delay;
using ::testing::ElementsAre;
using testing::Error;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<SiteId> Faults(const Cycle& cycle) {
  std::vector<SiteId> sites;
  for (const CycleEdge& link : cycle.edges) sites.push_back(link.experiment.fault.site);
  return sites;
}

// An error at 1 loads loop 2, and loop 2 delayed makes 1 fail as injected: the smallest cascade.
CausesBuilder RetryStorm() {
  CausesBuilder builder;
  builder.Inject(Error(1), {{7, {71}}}).Load(2, {9});
  builder.Inject(Delay(2), {{9, {}}}).Behaviour(1, {{7, {70, 71}}});
  return builder;
}

TEST(Stitch, AnErrorThatLoadsALoopWhoseDelayCausesTheErrorIsACycle) {
  const CausesBuilder builder = RetryStorm();
  const Stitched stitched = Stitch(builder.causes, {});
  ASSERT_THAT(stitched.cycles, SizeIs(1));
  const Cycle& cycle = stitched.cycles[0];
  EXPECT_THAT(Faults(cycle), ElementsAre(1, 2));
  EXPECT_THAT(cycle.edges[0].junction.call_sites, ElementsAre(9));
  EXPECT_THAT(cycle.edges[1].junction.signatures, ElementsAre(71));
  EXPECT_EQ(cycle.edges[0].experiment.injected_runs, builder.causes.experiments[0].injected_runs);
  EXPECT_THAT(stitched.cut, IsEmpty());
}

TEST(Stitch, ErrorsDoNotChainWithoutASharedSignatureAtOneCallSite) {
  CausesBuilder elsewhere;
  elsewhere.Inject(Error(1), {{7, {71}}}).Load(2, {9});
  elsewhere.Inject(Delay(2), {{9, {}}}).Behaviour(1, {{8, {71}}});
  EXPECT_THAT(Stitch(elsewhere.causes, {}).cycles, IsEmpty()) << "another call site";
  CausesBuilder otherwise;
  otherwise.Inject(Error(1), {{7, {71}}}).Load(2, {9});
  otherwise.Inject(Delay(2), {{9, {}}}).Behaviour(1, {{7, {72}}});
  EXPECT_THAT(Stitch(otherwise.causes, {}).cycles, IsEmpty()) << "another signature";
}

TEST(Stitch, DelaysChainAtSharedCallSitesOnly) {
  CausesBuilder builder;
  builder.Inject(Error(1), {{7, {71}}}).Load(2, {9});
  builder.Inject(Delay(2), {{10, {}}}).Behaviour(1, {{7, {71}}});
  EXPECT_THAT(Stitch(builder.causes, {}).cycles, IsEmpty());
}

TEST(Stitch, LoadIsNotContinuedByAnErrorNorBehaviourByADelay) {
  CausesBuilder builder;
  builder.Inject(Error(1), {{7, {71}}}).Load(2, {7});
  builder.Inject(Error(2), {{7, {71}}}).Behaviour(1, {{7, {71}}});
  EXPECT_THAT(Stitch(builder.causes, {}).cycles, IsEmpty());
}

TEST(Stitch, AThrowInjectedBehindItsGuardLacksTheGuardsOutcomeOnly) {
  Names names;
  names.sites[1].guards = {500, 501};
  names.signatures[71].outcomes = {3, 4};
  names.signatures[80].outcomes = {3, 500, 4};
  names.signatures[81].outcomes = {3, 600, 4};
  const auto cycles = [&](Signature natural) {
    CausesBuilder builder;
    builder.Inject(Error(1), {{7, {71}}}).Load(2, {9});
    builder.Inject(Delay(2), {{9, {}}}).Behaviour(1, {{7, {natural}}});
    return Stitch(builder.causes, names).cycles;
  };
  ASSERT_THAT(cycles(80), SizeIs(1));
  EXPECT_TRUE(cycles(80)[0].edges[1].junction.past_guards);
  EXPECT_THAT(cycles(80)[0].conditions, Contains(HasSubstr("guard has to let the error through")));
  EXPECT_THAT(cycles(81), IsEmpty()) << "600 is no guard";
  names.sites[1].guards.clear();
  EXPECT_THAT(cycles(80), IsEmpty()) << "nothing was passed over";
}

TEST(Stitch, LoadAfterLoadClosesQueuesAndCanBeSwitchedOff) {
  CausesBuilder builder;
  builder.Inject(Delay(1), {{7, {}}}).Load(2, {9});
  builder.Inject(Delay(2), {{9, {}}}).Load(1, {7});
  EXPECT_THAT(Stitch(builder.causes, {}).cycles, SizeIs(1));
  EXPECT_THAT(Stitch(builder.causes, {}, {.load_after_load = false}).cycles, IsEmpty());
  Names names;
  names.sites[2].timer = true;
  EXPECT_THAT(Stitch(builder.causes, names).cycles, IsEmpty())
      << "a longer run has more ticks, not more load";
}

TEST(Stitch, ALoopWithinMayLoadTheLoopAroundIt) {
  CausesBuilder builder;
  builder.Inject(Error(1), {{7, {71}}}).Slow(3, {9}, 2);
  builder.Inject(Delay(3), {{9, {}}}).Behaviour(1, {{7, {71}}});
  const Stitched stitched = Stitch(builder.causes, {});
  ASSERT_THAT(stitched.cycles, SizeIs(1));
  EXPECT_EQ(stitched.cycles[0].edges[0].edge.via.site, 2u);
}

TEST(Stitch, CyclesOfTwoWorkloadsSaySo) {
  CausesBuilder builder;
  builder.Inject(Error(1), {{7, {71}}}, "a").Load(2, {9});
  builder.Inject(Delay(2), {{9, {}}}, "b").Behaviour(1, {{7, {71}}});
  const Stitched stitched = Stitch(builder.causes, {});
  ASSERT_THAT(stitched.cycles, SizeIs(1));
  EXPECT_THAT(stitched.cycles[0].conditions, Contains(HasSubstr("different workloads: a, b")));
}

// Errors at 1 .. n, each causing the next, the last one the first.
CausesBuilder Ring(SiteId n) {
  CausesBuilder builder;
  for (SiteId site = 1; site <= n; ++site) {
    builder.Inject(Error(site), {{7, {site}}}).Behaviour(site % n + 1, {{7, {site % n + 1}}});
  }
  return builder;
}

TEST(Stitch, CyclesStartAtTheirSmallestPlaceHoweverTheyWereFound) {
  CausesBuilder builder;
  for (SiteId site : {5, 3, 4}) {
    const SiteId next = site == 5 ? 3 : site + 1;
    builder.Inject(Error(site), {{7, {site}}}).Behaviour(next, {{7, {next}}});
  }
  const Stitched stitched = Stitch(builder.causes, {});
  ASSERT_THAT(stitched.cycles, SizeIs(1));
  EXPECT_THAT(Faults(stitched.cycles[0]), ElementsAre(3, 4, 5));
}

TEST(Stitch, LengthIsBounded) {
  EXPECT_THAT(Stitch(Ring(6).causes, {}).cycles, SizeIs(1));
  EXPECT_THAT(Stitch(Ring(7).causes, {}).cycles, IsEmpty());
}

TEST(Stitch, TheOnlyCompatibleOneOfManyAlikeIsNotLost) {
  // A hundred edges with the same places and effect, of which one behaves as the next link needs it.
  CausesBuilder builder;
  builder.Inject(Error(1), {{7, {71}}}).Load(2, {9});
  for (int i = 0; i < 100; ++i) {
    const Signature signature = i == 57 ? 71 : 1000 + i;
    builder.Inject(Delay(2, i + 1), {{9, {}}}).Behaviour(1, {{7, {signature}}});
  }
  const Stitched stitched = Stitch(builder.causes, {});
  ASSERT_THAT(stitched.cycles, SizeIs(1));
  EXPECT_EQ(stitched.cycles[0].edges[1].experiment.fault.parameter, 58);
}

TEST(Stitch, AlikeEdgesAreOneCycleAndTheSurestStandsForThem) {
  CausesBuilder builder = RetryStorm();
  builder.Inject(Delay(2, 5), {{9, {}}}).Behaviour(1, {{7, {70, 71}}}, 0.999);
  builder.Inject(Delay(2, 6), {{9, {}}}).Behaviour(1, {{7, {71}}}, 0.5);
  const Stitched stitched = Stitch(builder.causes, {});
  ASSERT_THAT(stitched.cycles, SizeIs(1));
  EXPECT_EQ(stitched.cycles[0].edges[1].edge.confidence, 0.999);
  EXPECT_EQ(stitched.cycles[0].edges[1].alternatives, 1u) << "the one with the same signatures";
  EXPECT_EQ(stitched.cycles[0].variants, 2u) << "and the one with other signatures that fits as well";
}

TEST(Stitch, RareCyclesComeFirstThenSureAndSevereOnes) {
  // Place 1 is in three cycles, 20-21 and 30-31 are alone; 30-31 ends its runs.
  CausesBuilder builder;
  auto& hub = builder.Inject(Error(1), {{7, {1}}});
  for (SiteId site : {2, 3, 4}) hub.Behaviour(site, {{7, {site}}});
  for (SiteId site : {2, 3, 4}) builder.Inject(Error(site), {{7, {site}}}).Behaviour(1, {{7, {1}}});
  for (SiteId site : {20, 30}) {
    builder.Inject(Error(site), {{7, {site}}}).Behaviour(site + 1, {{7, {site + 1}}});
    builder.causes.experiments.back().bad_ends = site == 30 ? 1 : 0;
    builder.Inject(Error(site + 1), {{7, {site + 1}}}).Behaviour(site, {{7, {site}}});
  }
  const Stitched stitched = Stitch(builder.causes, {});
  ASSERT_THAT(stitched.cycles, SizeIs(5));
  EXPECT_THAT(Faults(stitched.cycles[0]), ElementsAre(30, 31));
  EXPECT_THAT(Faults(stitched.cycles[1]), ElementsAre(20, 21));
  EXPECT_THAT(Faults(stitched.cycles[2]), ElementsAre(1, 2));
  // Each of the five cycles has two places: of 30-31 both in one cycle of five, and so for its faults.
  EXPECT_DOUBLE_EQ(stitched.cycles[0].factors.frequency, 4 * 0.2);
  EXPECT_DOUBLE_EQ(stitched.cycles[2].factors.frequency, 2 * (0.4 + 0.6));
  EXPECT_EQ(stitched.cycles[0].factors.rarity_class, 0);
  EXPECT_EQ(stitched.cycles[2].factors.rarity_class, 1);
  EXPECT_DOUBLE_EQ(stitched.cycles[0].factors.score, 0.99);
  EXPECT_DOUBLE_EQ(stitched.cycles[1].factors.score, 0.99 * 0.1);
}

TEST(Stitch, CyclesThatShareMostOfTheirLinksAreOneCluster) {
  // 1-2-3-4 and its short cut 1-2-3 share two links of five; 1-2-3-4 and 1-2-3-4-5 share three of six.
  CausesBuilder builder = Ring(4);
  builder.Inject(Error(5), {{7, {5}}}).Behaviour(1, {{7, {1}}});
  builder.Inject(Error(4), {{7, {4}}}, "other").Behaviour(5, {{7, {5}}});
  const Stitched stitched = Stitch(builder.causes, {});
  ASSERT_THAT(stitched.cycles, SizeIs(2));
  EXPECT_EQ(stitched.clusters, 1u);
  EXPECT_TRUE(stitched.cycles[0].leads_cluster);
  EXPECT_FALSE(stitched.cycles[1].leads_cluster);
  CausesBuilder shorter = Ring(4);
  shorter.Inject(Error(3), {{7, {3}}}, "other").Behaviour(1, {{7, {1}}});
  EXPECT_EQ(Stitch(shorter.causes, {}).clusters, 2u);
}

TEST(Stitch, BoundsAreSaidAndTheShortestCyclesAreKept) {
  CausesBuilder builder;  // every place causes every other one
  for (SiteId from = 1; from <= 12; ++from) {
    auto& experiment = builder.Inject(Error(from), {{7, {from}}});
    for (SiteId to = 1; to <= 12; ++to) {
      if (to != from) experiment.Behaviour(to, {{7, {to}}});
    }
  }
  StitchOptions options;
  options.limits.cycles = 66;  // as many as there are of two edges
  const Stitched few = Stitch(builder.causes, {}, options);
  EXPECT_THAT(few.cycles, SizeIs(66));
  for (const Cycle& cycle : few.cycles) EXPECT_THAT(cycle.edges, SizeIs(2));
  EXPECT_THAT(few.cut, Contains(HasSubstr("the bound of 66 different ones was met")));
  options.limits = {};
  options.limits.steps = 2000;
  const Stitched short_of_steps = Stitch(builder.causes, {}, options);
  EXPECT_LT(short_of_steps.steps, 4000u);
  EXPECT_THAT(short_of_steps.cut, Contains(HasSubstr("edges: the search from ")));
  options.limits = {};
  options.report = 10;
  const Stitched all = Stitch(builder.causes, {}, options);
  // k of 12 places in a circle: 12! / (12 - k)! / k of them.
  EXPECT_EQ(all.not_reported + 10, 66u + 440u + 2970u + 19008u + 110880u);
  EXPECT_THAT(all.cut, IsEmpty());
}

TEST(Stitch, EdgesThatLeadNowhereAreCounted) {
  CausesBuilder builder = RetryStorm();
  builder.Inject(Error(1), {{7, {71}}}, "other").Behaviour(99, {{7, {1}}});
  const Stitched stitched = Stitch(builder.causes, {});
  EXPECT_EQ(stitched.edges, 3u);
  EXPECT_EQ(stitched.edges_left_out, 1u);
}

TEST(CyclesJson, SaysWhatAReportNeeds) {
  Names names;
  names.sites[1].name = "connect in Join";
  names.signatures[71].text = "connect: ECONNREFUSED";
  names.call_sites[9] = "Agent::Retry < main";
  const CausesBuilder builder = RetryStorm();
  const auto json = nlohmann::json::parse(CyclesJson(Stitch(builder.causes, names), names));
  EXPECT_EQ(json["schema"], "rankle.cycles/1");
  EXPECT_TRUE(json["search"]["complete"].get<bool>());
  const auto& cycle = json["cycles"][0];
  EXPECT_EQ(cycle["rank"], 1);
  EXPECT_EQ(cycle["length"], 2);
  EXPECT_EQ(cycle["edges"][0]["fault"]["text"], "error 111 at connect in Join");
  EXPECT_EQ(cycle["edges"][0]["effect"], "more_work");
  EXPECT_EQ(cycle["edges"][0]["meets_next"]["call_sites"][0]["name"], "Agent::Retry < main");
  EXPECT_EQ(cycle["edges"][1]["to"]["name"], "connect in Join");
  EXPECT_EQ(cycle["edges"][1]["meets_next"]["signatures"][0]["text"], "connect: ECONNREFUSED");
  EXPECT_EQ(cycle["edges"][1]["runs"][0], builder.causes.experiments[1].injected_runs[0]);
  EXPECT_EQ(cycle["factors"]["weakest_confidence"], 0.99);
}

}  // namespace
}  // namespace rankle::stitch
