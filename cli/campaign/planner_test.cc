// What a campaign does next, from what is known: later hits come last, and only in their own workload.
#include "cli/campaign/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace rankle::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr stitch::SiteId kSite = 0xa1;

// Two workloads that connect, `hits` times and once. Everything that is asked for is made, and shows nothing
// new.
class Planned : public ::testing::Test {
 protected:
  Planned() {
    for (const char* name : {"often", "once"}) {
      Workload& workload = campaign_.workloads.emplace_back();
      workload.name = name;
      workload.ranks = 1;
    }
    campaign_.profile_repeats = 2;
    campaign_.repeats = 1;
    campaign_.most_repeats = 1;
    campaign_.delays_ns = {1'000'000};
    observations_.names.sites[kSite] = {
        .name = "connect from Dial", .kind = stitch::SiteKind::kCall, .guards = {}};
  }

  // The plans that are made until nothing is left, plain runs left out, as "workload: plan".
  std::vector<std::string> All() {
    std::vector<std::string> plans;
    for (;;) {
      const CampaignPlan next = NextRuns(campaign_, observations_, made_);
      notes_ = next.notes;
      if (next.runs.empty()) return plans;
      for (CampaignRun run : next.runs) {
        run.id = static_cast<int64_t>(made_.size()) + 1;
        made_.push_back(run);
        stitch::RunObservation& seen = observations_.runs.emplace_back();
        seen.run = absl::StrCat("run ", run.id);
        seen.workload = run.workload;
        seen.fault = run.fault;
        seen.fired = run.fault.has_value() ? 1 : 0;
        seen.rows = {{.role = "root",
                      .site = kSite,
                      .call_site = 1,
                      .hits = run.workload == "often" ? 10u : 1u,
                      .signatures = {7},
                      .per_parent = {}}};
        if (run.fault.has_value()) plans.push_back(absl::StrCat(run.workload, ": ", run.plan));
      }
    }
  }
  Campaign campaign_;
  stitch::Observations observations_;
  std::vector<CampaignRun> made_;
  std::vector<std::string> notes_;
};

TEST_F(Planned, FirstHitsAloneUnlessAskedFor) {
  const std::vector<std::string> plans = All();
  EXPECT_EQ(plans.size(), 6u) << "two errors and a delay in two workloads";
  for (const std::string& plan : plans)
    EXPECT_THAT(plan, ::testing::AnyOf(HasSubstr("nth=1"), HasSubstr("delay")));
}

TEST_F(Planned, LaterHitsComeLastAndOnlyWhereTheyAreReached) {
  campaign_.later_hits = true;
  const std::vector<std::string> plans = All();
  ASSERT_EQ(plans.size(), 8u);
  EXPECT_THAT(plans[6], ::testing::MatchesRegex("often: fail connect errno=[0-9]+ site=0000000000a1 nth=6"));
  EXPECT_THAT(plans[7], ::testing::MatchesRegex("often: fail connect errno=[0-9]+ site=0000000000a1 nth=6"));
  EXPECT_NE(plans[6], plans[7]);
}

TEST_F(Planned, ABudgetEndsWithinLaterHitsToo) {
  campaign_.later_hits = true;
  campaign_.budget = 7;
  EXPECT_EQ(All().size(), 7u);
}

TEST_F(Planned, WhatNobodyReachesIsSaid) {
  campaign_.points.include = {"accept from *"};
  EXPECT_THAT(All(), IsEmpty());
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("no plain run reaches anything like 'accept from *'"),
                                  HasSubstr("reach no fault point")));
}

}  // namespace
}  // namespace rankle::cli
