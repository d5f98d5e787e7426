#include "analyzer/stitch/fca/causes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/stitch/testing/campaign.h"

namespace rankle::stitch {
namespace {

using testing::At;
using testing::Campaign;
using ::testing::Contains;
using testing::Delay;
using ::testing::ElementsAre;
using testing::Error;
using ::testing::HasSubstr;
using testing::Injected;
using ::testing::IsEmpty;
using testing::Profile;
using ::testing::SizeIs;

const FcaOptions kOneLook{.looks = {{3, 1}}};

TEST(Causes, ARetryCounterThatDoublesInEveryRunIsCertain) {
  Campaign campaign;
  campaign.Runs(20, Profile({At(1, 10), At(2, 5)})).Runs(3, Injected(Error(1), {At(1, 10), At(2, 10)}));
  const Causes causes = AnalyzeCauses(campaign.observations);
  ASSERT_THAT(causes.edges, SizeIs(1));
  EXPECT_EQ(causes.edges[0].effect, Effect::kMoreWork);
  EXPECT_EQ(causes.edges[0].to.site, 2u);
  EXPECT_EQ(causes.edges[0].ratio, 2);
  EXPECT_GT(causes.edges[0].confidence, 0.99);
  EXPECT_EQ(causes.experiments[0].injected_runs, (std::vector<std::string>{"r20", "r21", "r22"}));
  EXPECT_THAT(causes.experiments[0].plain_runs, SizeIs(20));
  EXPECT_THAT(AnalyzeCauses(campaign.observations, {.method = Method::kWelch}).edges, IsEmpty())
      << "the published test is blind here";
}

TEST(Causes, ThousandsOfConstantCountsDoNotHideOne) {
  Campaign campaign;
  std::vector<SiteObservation> rows;
  for (SiteId site = 10; site < 3000; ++site) rows.push_back(At(site, site, {1}));
  RunObservation profile = Profile(rows), injected = Injected(Error(1), rows);
  injected.rows[7].hits += 1000;
  campaign.Runs(20, profile).Runs(3, injected);
  const Causes causes = AnalyzeCauses(campaign.observations);
  EXPECT_THAT(causes.edges, SizeIs(1));
  EXPECT_EQ(causes.steady_work.made, 2990u);
  EXPECT_EQ(causes.steady_work.compared, 1u);
}

TEST(Causes, AConstantCountIsDecidedByThreeRunsAmongNoisyOnes) {
  Campaign campaign;
  const auto noisy = [](RunObservation& run, size_t i) {
    for (SiteId site = 10; site < 200; ++site)
      run.rows.push_back(At(site, 1000 + (i * 7919 + site * 104729) % 97));
  };
  campaign.Runs(20, Profile({At(2, 5)}), noisy).Runs(3, Injected(Error(1), {At(2, 10)}), noisy);
  const Causes causes = AnalyzeCauses(campaign.observations);
  ASSERT_THAT(causes.edges, SizeIs(1));
  EXPECT_EQ(causes.edges[0].to.site, 2u);
}

TEST(Causes, NewSignaturesAreEdgesAndNameTheirCallSites) {
  Campaign campaign;
  campaign.Runs(20, Profile({At(2, 5, {70}, 8), At(2, 5, {70}, 9)}))
      .Runs(3, Injected(Error(1), {At(2, 5, {70}, 8), At(2, 5, {71, 72}, 9)}));
  const Causes causes = AnalyzeCauses(campaign.observations);
  ASSERT_THAT(causes.edges, SizeIs(1));
  EXPECT_EQ(causes.edges[0].effect, Effect::kNewBehaviour);
  ASSERT_THAT(causes.edges[0].evidence, SizeIs(1));
  EXPECT_EQ(causes.edges[0].evidence[0].call_site, 9u);
  EXPECT_THAT(causes.edges[0].evidence[0].fresh, ElementsAre(71, 72));
}

TEST(Causes, ASignatureThatComesNowAndThenWithoutFaultsIsWeighed) {
  const auto with = [](size_t plain_of_20, size_t injected_of_10) {
    Campaign campaign;
    campaign
        .Runs(20, Profile({At(2, 5, {70})}),
              [&](RunObservation& run, size_t i) {
                if (i < plain_of_20) run.rows[0].signatures.push_back(71);
              })
        .Runs(10, Injected(Error(1), {At(2, 5, {70})}), [&](RunObservation& run, size_t i) {
          if (i < injected_of_10) run.rows[0].signatures.push_back(71);
        });
    return AnalyzeCauses(campaign.observations).edges.size();
  };
  EXPECT_EQ(with(1, 10), 1u) << "once by chance: the union of the profiles would hide the edge";
  EXPECT_EQ(with(0, 9), 1u) << "nearly all";
  EXPECT_EQ(with(0, 6), 0u) << "not what the fault usually does";
  EXPECT_EQ(with(14, 10), 0u) << "plain runs mostly do it too";
}

TEST(Causes, WhatHappensWhereTheFaultIsInjectedIsNotItsEffect) {
  Campaign campaign;
  campaign.Runs(20, Profile({At(1, 5, {60}), At(3, 5, {80})}))
      .Runs(3, Injected(Error(1, 3), {At(1, 9, {60, 61}), At(3, 9, {81})}));
  const Causes causes = AnalyzeCauses(campaign.observations);
  EXPECT_THAT(causes.edges, IsEmpty());
  ASSERT_THAT(causes.experiments[0].own, SizeIs(2));
  EXPECT_EQ(causes.experiments[0].own[0].key.place.site, 1u);
  EXPECT_THAT(causes.experiments[0].own[0].signatures, ElementsAre(61));
  EXPECT_THAT(causes.experiments[0].own[1].signatures, ElementsAre(81));
}

TEST(Causes, AFaultInOneRoleMayAffectTheSameSiteInAnother) {
  Campaign campaign;
  SiteObservation root = At(1, 5), worker = At(1, 5), more = At(1, 50);
  root.role = "root";
  worker.role = more.role = "worker";
  Fault fault = Error(1);
  fault.role = "root";
  campaign.Runs(20, Profile({root, worker})).Runs(3, Injected(fault, {root, more}));
  const Causes causes = AnalyzeCauses(campaign.observations);
  ASSERT_THAT(causes.edges, SizeIs(1));
  EXPECT_EQ(causes.edges[0].to.role, "worker");
}

TEST(Causes, CountsAreForTheSameWork) {
  const auto edges = [](uint64_t hits, uint64_t units) {
    Campaign campaign;
    campaign.Runs(20, Profile({At(2, 100)}, 10)).Runs(3, Injected(Error(1), {At(2, hits)}, units));
    return AnalyzeCauses(campaign.observations).edges.size();
  };
  EXPECT_EQ(edges(200, 10), 1u);
  EXPECT_EQ(edges(200, 20), 0u) << "twice the work, twice the calls";
  EXPECT_EQ(edges(100, 5), 0u) << "ended early: calls of the start-up are not more calls a unit";
  EXPECT_EQ(edges(200, 0), 1u);
}

TEST(Causes, ASlowedParentAndTheLoopsItRuns) {
  const auto child = [](uint64_t hits, std::vector<ParentBin> bins) {
    SiteObservation row = At(2, hits);
    row.parent = 5;
    row.per_parent = std::move(bins);
    return row;
  };
  SiteObservation sibling = At(4, 10, {}, 44);
  sibling.parent = 5;
  sibling.per_parent = {{1, 10}};
  Campaign campaign;
  campaign.Runs(20, Profile({child(10, {{1, 10}}), sibling, At(5, 10, {}, 55)}))
      .Runs(3, Injected(Error(1), {child(30, {{3, 10}}), sibling, At(5, 10, {}, 55)}));
  const Causes causes = AnalyzeCauses(campaign.observations);
  ASSERT_THAT(causes.edges, SizeIs(3));
  EXPECT_EQ(causes.edges[0].effect, Effect::kMoreWork);
  EXPECT_EQ(causes.edges[1].effect, Effect::kSlowedParent);
  EXPECT_EQ(causes.edges[1].to.site, 5u);
  EXPECT_EQ(causes.edges[1].via.site, 2u);
  EXPECT_DOUBLE_EQ(causes.edges[1].ratio, 3);
  EXPECT_EQ(causes.edges[1].evidence[0].call_site, 55u);
  EXPECT_EQ(causes.edges[2].effect, Effect::kSlowedSibling);
  EXPECT_EQ(causes.edges[2].to.site, 4u);
}

TEST(Causes, OnlyWatchedSitesAndWhatTheyContainAreCompared) {
  SiteObservation within = At(6, 10);
  within.parent = 2;
  within.per_parent = {{1, 10}};
  Campaign campaign;
  campaign.Runs(20, Profile({At(2, 5), At(3, 5), within}))
      .Runs(3, Injected(Error(1), {At(1, 1), At(2, 9), At(3, 9), within}));
  FcaOptions options;
  options.watched = {2};
  const Causes causes = AnalyzeCauses(campaign.observations, options);
  ASSERT_THAT(causes.edges, SizeIs(1));
  EXPECT_EQ(causes.edges[0].to.site, 2u);
  EXPECT_EQ(causes.work.made + causes.steady_work.made, 2u) << "2, and 6 within it";
  EXPECT_THAT(causes.experiments[0].own, SizeIs(1)) << "its own place is needed all the same";
}

TEST(Causes, SeverityIsHowTheRunsEnded) {
  Campaign campaign;
  campaign.Runs(20, Profile({At(2, 5)}))
      .Runs(4, Injected(Error(1), {At(2, 9)}, 5),
            [](RunObservation& run, size_t i) { run.end = i < 3 ? End::kTimedOut : End::kOk; });
  const Causes causes = AnalyzeCauses(campaign.observations);
  EXPECT_DOUBLE_EQ(causes.experiments[0].bad_ends, 0.75);
  EXPECT_DOUBLE_EQ(causes.experiments[0].lost_work, 0.5);
}

TEST(Causes, WhatCannotBeToldIsSaid) {
  Campaign campaign;
  campaign.Runs(3, Profile({At(2, 5)}), [](RunObservation& run, size_t i) {
    if (i == 0) run.end = End::kFailed;
  });
  campaign.Runs(3, Injected(Error(7), {At(2, 9)}), [](RunObservation& run, size_t) { run.fired = 0; });
  campaign.Runs(3, Injected(Error(1), {At(2, 9)}), [](RunObservation& run, size_t) { run.workload = "new"; });
  const Causes causes = AnalyzeCauses(campaign.observations);
  EXPECT_THAT(causes.experiments, IsEmpty());
  EXPECT_THAT(causes.notes,
              Contains(HasSubstr("error 111 at site 0000000000000007 in w: never carried out")));
  EXPECT_THAT(causes.notes, Contains(HasSubstr("new: no profile run")));
  EXPECT_THAT(causes.notes, Contains(HasSubstr("w: 1 of 3 profile runs did not end well")));
}

TEST(Causes, RepeatsAreAskedForWhereTheyWouldDecide) {
  // Three against three can reach 1/20 at best: undecided, for the want of runs on both sides.
  Campaign campaign;
  campaign.Runs(3, Profile({At(2, 5), At(3, 5)}));
  campaign.Runs(3, Injected(Error(1), {At(2, 50), At(3, 5)}));
  campaign.Runs(3, Injected(Delay(1), {At(2, 5), At(3, 5)}));
  campaign.Runs(2, Injected(Delay(9), {At(2, 5), At(3, 5)}));
  const Causes causes = AnalyzeCauses(campaign.observations);
  EXPECT_THAT(causes.edges, IsEmpty());
  ASSERT_THAT(causes.repeats, SizeIs(3));
  EXPECT_EQ(causes.repeats[0].fault, Error(1));
  EXPECT_EQ(causes.repeats[0].have, 3u);
  EXPECT_EQ(causes.repeats[0].want, 8u);
  EXPECT_EQ(causes.repeats[0].undecided, 1u);
  EXPECT_EQ(causes.repeats[1].fault, Delay(9)) << "not even the first look";
  EXPECT_EQ(causes.repeats[1].want, 3u);
  EXPECT_FALSE(causes.repeats[2].fault.has_value());
  EXPECT_EQ(causes.repeats[2].want, 20u);
}

TEST(Causes, NoRepeatsWhereAllIsDecidedOrTheCapIsReached) {
  Campaign decided;
  decided.Runs(20, Profile({At(2, 5)})).Runs(3, Injected(Error(1), {At(2, 50)}));
  EXPECT_THAT(AnalyzeCauses(decided.observations).repeats, IsEmpty());
  Campaign capped;
  capped.Runs(3, Profile({At(2, 5)})).Runs(3, Injected(Error(1), {At(2, 50)}));
  const Causes causes = AnalyzeCauses(capped.observations, {.looks = {{3, 1}}, .plain_runs = 3});
  EXPECT_THAT(causes.repeats, IsEmpty());
  EXPECT_THAT(AnalyzeCauses(capped.observations, kOneLook).edges, SizeIs(1))
      << "1/20 is enough for one comparison";
}

TEST(Causes, ThePublishedTestsAreKept) {
  Campaign campaign;
  campaign
      .Runs(3, Profile({At(2, 100, {70}), At(3, 0)}),
            [](RunObservation& run, size_t i) { run.rows[0].hits += i; })
      .Runs(3, Injected(Error(1), {At(2, 150, {70, 71}), At(3, 0), At(4, 1)}),
            [](RunObservation& run, size_t i) {
              run.rows[0].hits += i;
              if (i == 0) run.rows[1].signatures.push_back(90);
            });
  const Causes causes = AnalyzeCauses(campaign.observations, {.method = Method::kWelch});
  ASSERT_THAT(causes.edges, SizeIs(3));
  EXPECT_EQ(causes.edges[0].effect, Effect::kNewBehaviour);
  EXPECT_THAT(causes.edges[0].evidence[0].fresh, ElementsAre(71)) << "90 came in one run of three only";
  EXPECT_EQ(causes.edges[1].to.site, 2u);
  EXPECT_EQ(causes.edges[2].to.site, 4u) << "never reached without the fault";
}

}  // namespace
}  // namespace rankle::stitch
