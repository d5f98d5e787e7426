// Points of the source in campaigns: what is known of them, how a record becomes rows, and what is injected.
#include "cli/campaign/observe_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/campaign/fault_plan.h"
#include "cli/campaign/fault_points.h"
#include "cli/campaign/site_names.h"

namespace rankle::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kLoop = 0x1100, kDetector = 0x2200, kThrow = 0x3300, kBranch = 0x4400, kFunction = 0x5500;

constexpr char kList[] = R"({"schema": "rankle.points/1", "points": [
  {"id": "0000000000001100", "kind": "loop", "what": "for", "function": "Serve", "function_id": "0000000000005500",
   "file": "net/serve.cc", "line": 7, "timer": true},
  {"id": "0000000000002200", "kind": "detector", "what": "IsLate", "function": "IsLate", "function_id": "0000000000005501",
   "file": "net/serve.cc", "line": 9},
  {"id": "0000000000003300", "kind": "throw", "what": "Lost", "function": "Ask", "function_id": "0000000000005502",
   "file": "net/ask.cc", "line": 3},
  {"id": "0000000000004400", "kind": "branch", "what": "if", "function": "Ask", "function_id": "0000000000005502",
   "file": "net/ask.cc", "line": 4},
  {"id": "0000000000009900", "kind": "loop", "what": "goto", "function": "Ask", "function_id": "0000000000005502",
   "file": "net/ask.cc", "line": 5, "not_instrumented": "a loop made of goto"}]})";

PointList List() { return *ParsePointList(kList, "points.json"); }

TEST(PointListTest, NamesPointsAsCallSitesAreNamed) {
  const PointList list = List();
  EXPECT_THAT(list.points, SizeIs(4)) << "what is not instrumented is no point";
  EXPECT_EQ(list.points.at(kLoop).name, "loop for from Serve (serve.cc:7)");
  EXPECT_TRUE(list.points.at(kLoop).timer);
  EXPECT_EQ(list.points.at(kDetector).kind, stitch::SiteKind::kDetector);
  EXPECT_EQ(list.functions.at(kFunction), "Serve");
  EXPECT_TRUE(IsPoint(list.points.at(kThrow)));
  EXPECT_FALSE(IsPoint({.name = "recv from Ask (ask.cc:3)", .guards = {}}));
}

TEST(PointListTest, WhatItCannotReadItSays) {
  EXPECT_THAT(std::string(ParsePointList("{", "a/points.json").status().message()),
              HasSubstr("a/points.json: "));
  EXPECT_THAT(std::string(ParsePointList(R"({"schema": "rankle.points/2"})", "p").status().message()),
              HasSubstr("another version"));
  EXPECT_THAT(
      std::string(ParsePointList(R"({"schema": "rankle.points/1", "points": [{"function": "f", "kind": "loop",
                                            "function_id": "zz"}]})",
                                 "p")
                      .status()
                      .message()),
      HasSubstr("no"
                "t a number"));
}

struct Observed {
  stitch::RunObservation run;
  stitch::Names names;
  PointsSeen seen;
  const stitch::SiteObservation& Row(uint64_t site) const {
    for (const stitch::SiteObservation& row : run.rows) {
      if (row.site == site) return row;
    }
    ADD_FAILURE() << "no row of " << site;
    return run.rows.front();
  }
  std::vector<std::string> Texts(uint64_t site) const {
    std::vector<std::string> texts;
    for (const stitch::Signature each : Row(site).signatures) texts.push_back(names.signatures.at(each).text);
    return texts;
  }
};

Observed Observe(const points_record::PointsRecord& record) {
  Observed observed;
  AddPoints(record, "client", List(), observed.run, observed.names, observed.seen);
  stitch::Normalize(observed.run);
  return observed;
}

TEST(ObservePoints, CountsIterationsAndTellsAnswersThrowsAndWaysThroughALoop) {
  points_record::PointsRecord record;
  record.sites = {{.site = {kLoop, kFunction, 0}, .hits = 2, .count = 9},
                  {.site = {kDetector, 0, 0}, .hits = 4, .count = 1, .injected = 1},
                  {.site = {kThrow, 0, 0}, .hits = 4, .count = 0}};
  record.signatures = {{.loop = {kLoop, kFunction, 0},
                        .signature = 5,
                        .seen = 9,
                        .steps = 2,
                        .last = {kBranch | 1, kDetector}}};
  const Observed seen = Observe(record);
  EXPECT_EQ(seen.Row(kLoop).hits, 9u);
  EXPECT_EQ(seen.Row(kLoop).role, "client");
  EXPECT_EQ(seen.names.call_sites.at(seen.Row(kLoop).call_site), "Serve");
  EXPECT_THAT(
      seen.Texts(kLoop),
      ElementsAre("iteration of loop for from Serve (serve.cc:7): branch if = 1, detector IsLate = 0"));
  EXPECT_THAT(seen.names.signatures.at(seen.Row(kLoop).signatures[0]).outcomes,
              ElementsAre(kBranch | 1, kDetector));
  EXPECT_EQ(seen.Row(kDetector).hits, 4u);
  EXPECT_THAT(seen.Texts(kDetector),
              ::testing::UnorderedElementsAre("detector IsLate: true", "detector IsLate: false"));
  EXPECT_THAT(seen.Texts(kThrow), ElementsAre("throw Lost: passed"));
  EXPECT_EQ(seen.seen.fired.at(kDetector), 1u);
  EXPECT_THAT(seen.seen.Notes(), IsEmpty());
}

TEST(ObservePoints, TheSameWayThroughAnotherLoopIsAnother) {
  points_record::PointsRecord record;
  record.signatures = {{.loop = {kLoop, 0, 0}, .signature = 0, .seen = 1, .steps = 0, .last = {}}};
  const Observed one = Observe(record);
  ASSERT_THAT(one.Row(kLoop).signatures, SizeIs(1));
  EXPECT_NE(one.Row(kLoop).signatures[0], 0u);
  // Two callers are two rows of one site.
  record.signatures.push_back(
      {.loop = {kLoop, kFunction, 0}, .signature = 0, .seen = 1, .steps = 0, .last = {}});
  EXPECT_THAT(Observe(record).run.rows, SizeIs(2));
}

TEST(ObservePoints, ALoopKnowsHowMuchOfItAnIterationAroundItHolds) {
  points_record::PointsRecord record;
  record.sites = {{.site = {kLoop, 0, 0}, .hits = 5, .count = 9},
                  {.site = {kThrow, 0, 0}, .hits = 1, .count = 7}};
  record.nests = {{.loop = {kLoop, 0, 0}, .parent = kBranch, .bins = {{9, 1}}},
                  {.loop = {kLoop, 0, 0}, .parent = kThrow, .bins = {{1, 1}, {4, 2}}}};
  const Observed seen = Observe(record);
  EXPECT_EQ(seen.Row(kLoop).parent, kThrow) << "the one around it most often";
  EXPECT_THAT(seen.Row(kLoop).per_parent,
              ElementsAre(stitch::ParentBin{0, 4}, stitch::ParentBin{1, 1}, stitch::ParentBin{4, 2}));
}

TEST(ObservePoints, PointsOfAnotherVersionOfTheSourcesAreSaid) {
  points_record::PointsRecord record;
  record.sites = {{.site = {0x7700, 0, 0}, .hits = 1, .count = 1},
                  {.site = {0x8800, 0, 0}, .hits = 1, .count = 1}};
  record.lost_signatures = 3;
  const Observed seen = Observe(record);
  EXPECT_THAT(seen.run.rows, IsEmpty());
  EXPECT_THAT(seen.seen.Notes(), ElementsAre(HasSubstr("2 instrumented points of the program are in no list"),
                                             HasSubstr("points records were full")));
}

stitch::Observations Plain(const Observed& observed) {
  stitch::Observations observations{.names = observed.names, .runs = {observed.run}};
  observations.runs[0].workload = "w";
  return observations;
}

TEST(FaultsOfPoints, ThrowsNegationsAndDelaysOfLoops) {
  points_record::PointsRecord record;
  record.sites = {{.site = {kLoop, 0, 0}, .hits = 1, .count = 3},
                  {.site = {kDetector, 0, 0}, .hits = 1, .count = 1},
                  {.site = {kThrow, 0, 0}, .hits = 1, .count = 0}};
  const stitch::Observations observations = Plain(Observe(record));
  std::vector<std::string> plans;
  for (const stitch::Fault& fault : FaultsOf(observations, "w", {}, {250'000'000}))
    plans.push_back(PlanOf(fault, observations.names));
  EXPECT_THAT(plans, ElementsAre("point delay 0000000000001100 hit=1 times=0 ms=250",
                                 "point negate 0000000000002200 hit=1 times=1",
                                 "point throw 0000000000003300 hit=1 times=1"));
  EXPECT_EQ(ArmOf(plans[1]), "negate 0000000000002200 hit=1 times=1");
  EXPECT_EQ(ArmOf("fail recv errno=11 site=1 nth=1"), std::nullopt);
}

TEST(FaultsOfPoints, IdsChooseAndThoseThatNoRunReachesAreSaid) {
  points_record::PointsRecord record;
  record.sites = {{.site = {kDetector, 0, 0}, .hits = 1, .count = 1},
                  {.site = {kThrow, 0, 0}, .hits = 1, .count = 0}};
  const stitch::Observations observations = Plain(Observe(record));
  PointFilter filter{
      .include = {"* from Nowhere*"}, .exclude = {}, .ids = {kDetector, kLoop}, .overlays = {}};
  EXPECT_THAT(FaultsOf(observations, "w", filter, {}), SizeIs(1));
  EXPECT_THAT(UnreachedPoints(observations, filter),
              ElementsAre(HasSubstr("no plain run reaches 0000000000001100: an id changes with the code"),
                          HasSubstr("no plain run reaches anything like '* from Nowhere*'")));
  EXPECT_THAT(UnreachedPoints(observations, {}), IsEmpty());
}

}  // namespace
}  // namespace rankle::cli
