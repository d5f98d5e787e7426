#include "analyzer/stitch/allocate/allocate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "analyzer/stitch/allocate/consequences.h"
#include "analyzer/stitch/allocate/linkage.h"
#include "analyzer/stitch/testing/campaign.h"

namespace rankle::stitch {
namespace {

using testing::At;
using testing::Campaign;
using testing::Delay;
using ::testing::ElementsAre;
using testing::Error;
using ::testing::IsEmpty;
using testing::Profile;
using ::testing::SizeIs;

RunObservation In(const std::string& workload, std::vector<SiteObservation> rows) {
  RunObservation run = Profile(std::move(rows));
  run.workload = workload;
  return run;
}

// An edge seen in an experiment of its own.
void Cause(Causes& causes, const std::string& workload, const Fault& fault, SiteId to, Effect effect) {
  Experiment experiment;
  experiment.workload = workload;
  experiment.fault = fault;
  causes.experiments.push_back(experiment);
  if (to == 0) return;
  Edge edge;
  edge.experiment = causes.experiments.size() - 1;
  edge.effect = effect;
  edge.to = {"", to};
  edge.evidence = {{.call_site = 0, .fresh = {}}};
  causes.edges.push_back(edge);
}

TEST(Injections, WorkloadsComeInTheOrderOfWhatTheyAdd) {
  Campaign campaign;
  campaign.Runs(1, In("a", {At(1, 1, {10})}))
      .Runs(1, In("b", {At(1, 1, {10, 11, 12})}))
      .Runs(1, In("c", {At(1, 1, {20}, 7), At(1, 1, {10})}))
      .Runs(1, In("d", {At(2, 1, {10})}));
  const auto injections = FindInjections(campaign.observations.runs, {Error(1), Error(9)});
  ASSERT_THAT(injections, SizeIs(2));
  // b shows most; of what it does not show, c shows a call site and a signature, a nothing.
  EXPECT_THAT(injections[0].workloads, ElementsAre("b", "c", "a"));
  EXPECT_THAT(injections[1].workloads, IsEmpty()) << "no workload gets there";
}

TEST(Injections, ARoleThatAWorkloadLacksIsNotReached) {
  Campaign campaign;
  SiteObservation row = At(1, 1);
  row.role = "worker";
  campaign.Runs(1, In("a", {row}));
  Fault fault = Error(1);
  fault.role = "root";
  EXPECT_THAT(FindInjections(campaign.observations.runs, {fault})[0].workloads, IsEmpty());
  fault.role = "worker";
  EXPECT_THAT(FindInjections(campaign.observations.runs, {fault})[0].workloads, ElementsAre("a"));
}

TEST(Linkage, CutsWhereALinkStandsOutOfThoseBelow) {
  // On a line at 0, 1, 5, 6.5: links of 1, 1.5 and (by weighted averages) 5.25, whose inconsistency is
  // (5.25 - 2.583) / 2.323 = 1.15.
  const double at[] = {0, 1, 5, 6.5};
  const auto distance = [&](size_t i, size_t j) { return std::abs(at[i] - at[j]); };
  EXPECT_THAT(Clusters(4, distance, 1), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(Clusters(4, distance, 1.2), ElementsAre(0, 0, 0, 0));
}

TEST(Linkage, EquallyFarItemsAreOneCluster) {
  EXPECT_THAT(Clusters(
                  3, [](size_t, size_t) { return 1.0; }, 1),
              ElementsAre(0, 0, 0));
  EXPECT_THAT(Clusters(
                  1, [](size_t, size_t) { return 1.0; }, 1),
              ElementsAre(0));
  EXPECT_THAT(Clusters(
                  0, [](size_t, size_t) { return 1.0; }, 1),
              IsEmpty());
}

TEST(Consequences, RareWordsWeighMore) {
  const Document common{{{Place{"", 1}, Word::kBehaviour}, 1}, {{Place{"", 2}, Word::kBehaviour}, 1}};
  const Document other{{{Place{"", 1}, Word::kBehaviour}, 1}};
  const std::vector<Document> weighed = Weigh({common, other});
  // ln(3/3) + 1 = 1 against ln(3/2) + 1 = 1.405; length 1.
  const double rare = 1 + std::log(1.5), length = std::sqrt(1 + rare * rare);
  EXPECT_NEAR((weighed[0].at({Place{"", 2}, Word::kBehaviour})), rare / length, 1e-12);
  EXPECT_NEAR(CosineSimilarity(weighed[0], weighed[1]), 1 / length, 1e-12);
}

TEST(Consequences, NoConsequenceAnywhereIsNotAConditionalOne) {
  Consequences none, differing, once;
  none.by_workload = {{"a", {}}, {"b", {}}};
  differing.by_workload = {{"a", {{{Place{"", 1}, Word::kBehaviour}, 1}}}, {"b", {}}};
  once.by_workload = {{"a", {{{Place{"", 1}, Word::kBehaviour}, 1}}}};
  EXPECT_EQ(SimilarityAcross(none, Word::kBehaviour, 0.5), 1);
  EXPECT_EQ(SimilarityAcross(differing, Word::kBehaviour, 0.5), 0);
  EXPECT_EQ(SimilarityAcross(differing, Word::kLoad, 0.5), 1);
  EXPECT_EQ(SimilarityAcross(once, Word::kBehaviour, 0.5), 0.5) << "one workload: nothing is known";
}

class Allocation : public ::testing::Test {
 protected:
  Allocation() {
    for (const char* workload : {"a", "b", "c", "d"}) {
      std::vector<SiteObservation> rows;
      for (SiteId site = 1; site <= 20; ++site) rows.push_back(At(site, 1));
      campaign_.Runs(1, In(workload, rows));
    }
  }
  std::vector<Choice> Next(Strategy strategy, const std::vector<Fault>& faults, size_t round,
                           size_t budget = 1000, uint64_t seed = 1) {
    AllocationOptions options;
    options.strategy = strategy;
    options.seed = seed;
    return NextExperiments({campaign_.observations.runs, causes_, made_}, faults, round, budget, options);
  }
  Campaign campaign_;
  Causes causes_;
  std::set<Choice> made_;
};

TEST_F(Allocation, PassOneTriesEachInjectionInThreeWorkloadsWithAllDelays) {
  made_.insert({"a", Delay(1, 5)});
  const auto choices = Next(Strategy::kThreePhase, {Delay(1, 5), Delay(1, 9), Error(2)}, 0);
  EXPECT_THAT(choices,
              ElementsAre(Choice{"a", Delay(1, 9)}, Choice{"b", Delay(1, 5)}, Choice{"b", Delay(1, 9)},
                          Choice{"c", Delay(1, 5)}, Choice{"c", Delay(1, 9)}, Choice{"a", Error(2)},
                          Choice{"b", Error(2)}, Choice{"c", Error(2)}));
  EXPECT_THAT(Next(Strategy::kThreePhase, {Error(2)}, 0, 2), SizeIs(2)) << "the budget";
  EXPECT_THAT(Next(Strategy::kThreePhase, {Error(2)}, 3), IsEmpty()) << "there are three passes";
}

TEST_F(Allocation, PassTwoGivesARareConsequenceAsMuchAsACommonOne) {
  std::vector<Fault> faults;
  for (SiteId site = 1; site <= 10; ++site) faults.push_back(Error(site));
  // Eight cause the one thing, two another one. (A single other one would not be told apart: an inconsistency
  // over two links is at most 0.71.)
  for (SiteId site = 1; site <= 10; ++site) {
    Cause(causes_, "a", Error(site), site > 8 ? 12 : 11, Effect::kNewBehaviour);
    made_.insert({"a", Error(site)});
  }
  const auto choices = Next(Strategy::kThreePhase, faults, 1);
  const auto rare =
      std::count_if(choices.begin(), choices.end(), [](const Choice& c) { return c.fault.site > 8; });
  EXPECT_EQ(rare, 3);
  EXPECT_THAT(choices, SizeIs(6));
}

TEST_F(Allocation, PassTwoLeavesOutDelaysThatNothingLoads) {
  const std::vector<Fault> faults = {Delay(1, 5), Delay(1, 9), Delay(2, 5)};
  Cause(causes_, "a", Error(3), 1, Effect::kMoreWork);
  Cause(causes_, "a", Delay(1, 9), 3, Effect::kNewBehaviour);
  const auto choices = Next(Strategy::kThreePhase, faults, 1);
  EXPECT_FALSE(choices.empty());
  bool delayed = false;
  for (const Choice& choice : choices) {
    EXPECT_NE(choice.fault.site, 2u) << "nothing was seen to load site 2";
    EXPECT_NE(choice.fault, Delay(1, 5)) << "no delay as short as that changed anything";
    delayed |= choice.fault == Delay(1, 9);
  }
  EXPECT_TRUE(delayed);
}

TEST_F(Allocation, DirectedGoesWhereKnownEffectsLead) {
  const std::vector<Fault> faults = {Error(1), Error(2), Delay(2, 9), Error(3)};
  Cause(causes_, "a", Error(1), 3, Effect::kNewBehaviour);
  made_.insert({"a", Error(1)});
  EXPECT_EQ(Next(Strategy::kDirected, faults, 0, 1), std::vector<Choice>{(Choice{"a", Error(3)})});
  Cause(causes_, "a", Error(1), 2, Effect::kMoreWork);
  made_.insert({"a", Error(3)});
  EXPECT_EQ(Next(Strategy::kDirected, faults, 0, 1), std::vector<Choice>{(Choice{"a", Delay(2, 9)})})
      << "load is followed by a delay, not by an error";
}

TEST_F(Allocation, DirectedTriesTheLongestDelayFirst) {
  const auto choices = Next(Strategy::kDirected, {Delay(1, 5), Delay(1, 9)}, 0);
  ASSERT_THAT(choices, SizeIs(8));
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(choices[i].fault.parameter, i < 4 ? 9 : 5) << i;
}

TEST_F(Allocation, EveryStrategyRepeatsNothingAndIsTheSameTwice) {
  const std::vector<Fault> faults = {Error(1), Error(2), Delay(3, 5), Delay(3, 9)};
  for (Strategy strategy : {Strategy::kDirected, Strategy::kThreePhase, Strategy::kRandom}) {
    made_ = {{"b", Error(2)}};
    const auto choices = Next(strategy, faults, 0);
    EXPECT_EQ(choices, Next(strategy, faults, 0));
    EXPECT_EQ(std::set<Choice>(choices.begin(), choices.end()).size(), choices.size());
    EXPECT_FALSE(std::count(choices.begin(), choices.end(), (Choice{"b", Error(2)})));
    EXPECT_THAT(choices, SizeIs(strategy == Strategy::kThreePhase ? 11 : 15));
    EXPECT_THAT(Next(strategy, faults, 0, 0), IsEmpty());
  }
  EXPECT_NE(Next(Strategy::kRandom, faults, 0, 100, 1), Next(Strategy::kRandom, faults, 0, 100, 2));
}

}  // namespace
}  // namespace rankle::stitch
