// Which stretch of time, which ranks, and what they did: what the lanes are made of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/report/html/activity.h"
#include "analyzer/report/html/lane_choice.h"
#include "analyzer/report/html/window.h"
#include "analyzer/testing/diagnose.h"

namespace rankle::html {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kMs = 1'000'000;

std::vector<localize::IterationSeries> Iterations(int count, int64_t length) {
  localize::IterationSeries series;
  for (int i = 0; i < count; ++i) {
    localize::Iteration iteration;
    iteration.number = i, iteration.begin = i * length + 1, iteration.length_ns = length;
    series.iterations.push_back(iteration);
  }
  return {series};
}

Report Finding(const std::string& anomaly, double at_s, double duration_s) {
  Report report;
  report.verdict.anomaly = anomaly;
  report.job.duration_s = duration_s;
  ReportedFinding finding;
  finding.anomaly = anomaly, finding.at_s = at_s;
  report.findings.push_back(finding);
  return report;
}

TEST(WindowTest, AWaitOfAMinuteDoesNotSqueezeTheIterationsBeforeIt) {
  const Window window = ChooseWindow(Finding("hang.not_entered", 10, 70), Iterations(100, 100 * kMs));
  EXPECT_NEAR(window.begin, 9.5, 1e-6);
  EXPECT_NEAR(window.end, 10.5, 1e-6);
  EXPECT_TRUE(window.has_mark);
  EXPECT_TRUE(window.goes_on);
}

TEST(WindowTest, StaysInsideTheJob) {
  const Window early = ChooseWindow(Finding("crash.cuda", 0.1, 0.2), Iterations(2, 100 * kMs));
  EXPECT_EQ(early.begin, 0);
  EXPECT_EQ(early.end, 0.2);
  EXPECT_FALSE(early.goes_on);
}

TEST(WindowTest, AHealthyJobShowsItsMiddle) {
  Report report;
  report.verdict.anomaly = "healthy";
  report.job.duration_s = 20;
  const Window window = ChooseWindow(report, Iterations(200, 100 * kMs));
  EXPECT_NEAR(window.begin, 9.5, 1e-6);
  EXPECT_NEAR(window.end, 10.5, 1e-6);
  EXPECT_FALSE(window.has_mark);
}

TEST(WindowTest, WithoutIterationsAndWithoutTimeItIsStillAWindow) {
  EXPECT_LT(ChooseWindow(Report{}, {}).begin, ChooseWindow(Report{}, {}).end);
  const Window window = ChooseWindow(Finding("hang.init", 1, 11), {});
  EXPECT_LT(window.begin, 1);
  EXPECT_GT(window.end, 1);
  EXPECT_LT(window.end, 11);
}

TEST(LaneChoiceTest, ASmallJobShowsEveryRank) {
  const auto groups = ChooseLanes(std::vector<Part>(kMostLanes, Part::kVictim), {});
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_THAT(groups[0].ranks, SizeIs(kMostLanes));
}

TEST(LaneChoiceTest, OfALargeJobTheCulpritItsWaitersAndItsNeighboursAreShown) {
  std::vector<Part> parts(1024, Part::kVictim);
  parts[341] = Part::kCulprit;
  const auto groups = ChooseLanes(parts, {900});
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_THAT(groups[0].ranks, ElementsAre(341));
  EXPECT_THAT(groups[1].ranks, Contains(900));
  EXPECT_THAT(groups[1].ranks, Contains(340));
  EXPECT_THAT(groups[1].ranks, Contains(342));
  EXPECT_EQ(groups[1].of, 1023u);
}

TEST(LaneChoiceTest, NeverMoreLanesThanCanBeRead) {
  for (const Part part : {Part::kCulprit, Part::kLinkEnd, Part::kVictim, Part::kOther}) {
    std::vector<Part> parts(5000, part);
    for (size_t r = 0; r < parts.size(); r += 4) parts[r] = Part::kCulprit, parts[r + 1] = Part::kOther;
    size_t lanes = 0;
    for (const LaneGroup& group : ChooseLanes(parts, {})) lanes += group.ranks.size();
    EXPECT_LE(lanes, kMostLanes);
    EXPECT_GT(lanes, 0u);
  }
}

std::vector<Doing> Doings(const std::vector<Stretch>& stretches) {
  std::vector<Doing> doings;
  doings.reserve(stretches.size());
  for (const Stretch& s : stretches) doings.push_back(s.doing);
  return doings;
}

TEST(ActivityTest, AnOperationIsWaitingUntilTheLastComesAndTransferAfterwards) {
  testing::JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  job.Collective(dp, 1.0, 1.5, {0, 0.4});
  job.ObservedUntil(3);
  const store::Store store = job.Build();
  Activity activity(store);
  const auto first = activity.Of(0, 1, store.observed_until), last = activity.Of(1, 1, store.observed_until);
  EXPECT_THAT(Doings(first), ElementsAre(Doing::kWait, Doing::kTransfer));
  EXPECT_NEAR(store::Store::Seconds(first[0].end - first[0].begin), 0.4, 1e-6);
  EXPECT_NEAR(store::Store::Seconds(first[1].end - first[1].begin), 0.1, 1e-6);
  EXPECT_THAT(Doings(last), ElementsAre(Doing::kTransfer));
}

TEST(ActivityTest, WhatIsCutOffByTheWindowEndsAtItsBorder) {
  testing::JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  job.Collective(dp, 1.0, 1.5);
  const store::Store store = job.Build();
  Activity activity(store);
  const auto stretches = activity.Of(0, 1'200'000'000, 1'300'000'000);
  ASSERT_THAT(stretches, SizeIs(1));
  EXPECT_EQ(stretches[0].begin, 1'200'000'000);
  EXPECT_EQ(stretches[0].end, 1'300'000'000);
  EXPECT_THAT(activity.Of(0, 1'600'000'000, 1'700'000'000), IsEmpty());
}

TEST(ActivityTest, WhatNeverEndsIsStuckAndWhatIsQueuedBehindItDoesNothing) {
  testing::JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  job.Steps(dp, 1, 5);
  testing::Enter(job, dp, 2.0, {0});
  testing::Enter(job, dp, 2.1, {0});
  job.ObservedUntil(10);
  const store::Store store = job.Build();
  Activity activity(store);
  const auto stretches = activity.Of(0, 1'900'000'000, store.observed_until);
  ASSERT_THAT(Doings(stretches), ElementsAre(Doing::kStuck));
  EXPECT_EQ(stretches[0].end, store.observed_until);
  EXPECT_THAT(activity.Of(1, 1'900'000'000, store.observed_until), IsEmpty());
}

TEST(ActivityTest, AfterTheEndOfItsProcessARankIsGone) {
  testing::JobBuilder job(2);
  job.Steps(job.Communicator("dp", {0, 1}), 1, 5);
  job.Killed(1, 1.0, 9);
  job.ObservedUntil(2);
  const store::Store store = job.Build();
  Activity activity(store);
  EXPECT_THAT(Doings(activity.Of(1, 900'000'000, store.observed_until)), ElementsAre(Doing::kGone));
}

}  // namespace
}  // namespace rankle::html
