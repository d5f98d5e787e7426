#include "cli/suite/score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/suite/draw.h"

namespace rankle::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// Cases that ran, and what came of them.
class Score : public ::testing::Test {
 protected:
  void Ran(const std::string& name, const std::string& expected, const std::string& found,
           std::vector<int32_t> ranks = {3}, std::vector<int32_t> found_ranks = {3}) {
    SuiteCase& one = cases_.emplace_back();
    one.name = name;
    one.expect.verdict = ExpectedVerdict{.anomaly = expected, .ranks = std::move(ranks), .links = {}};
    CaseOutcome& outcome = outcomes_.emplace_back();
    outcome.started = true;
    outcome.time_to_verdict_ns = 2'000'000'000;
    outcome.verdict.emplace();
    outcome.verdict->anomaly = found;
    outcome.verdict->ranks = std::move(found_ranks);
  }
  std::vector<ScoredCase> Scored() const {
    std::vector<ScoredCase> scored;
    for (size_t i = 0; i < cases_.size(); ++i)
      scored.push_back({.expected = &cases_[i], .outcome = &outcomes_[i]});
    return scored;
  }
  // The n-th of the names "a", "aa", "aaa", ... that belongs to the half.
  static std::string NameIn(Half half, int n) {
    std::string name = "a";
    for (;; name += 'a') {
      if (HalfOf(name) == half && --n < 0) return name;
    }
  }
  std::vector<SuiteCase> cases_;
  std::vector<CaseOutcome> outcomes_;
};

TEST_F(Score, CountsClassesCulpritsFalseAlarmsAndTimes) {
  Ran("late", "slow.compute", "slow.compute");
  Ran("healthy", "healthy", "slow.compute", {}, {3});
  const json score = json::parse(ScoreJson(Scored()));
  EXPECT_EQ(score["cases"], 2);
  EXPECT_EQ(score["passed"], 1);
  EXPECT_EQ(score["healthy_cases"], 1);
  EXPECT_EQ(score["false_alarms"], 1);
  EXPECT_EQ(score["culprits"]["exact"], 1);
  EXPECT_EQ(score["culprits"]["superset"], 1);
  EXPECT_EQ(score["confusion"]["healthy"]["slow.compute"], 1);
  EXPECT_EQ(score["time_to_verdict_s"]["median"], 2.0);
}

TEST_F(Score, HalvesAreCountedApart) {
  Ran(NameIn(Half::kTuning, 0), "hang.init", "hang.init");
  Ran(NameIn(Half::kReporting, 0), "crash.oom", "crash.cuda");
  Ran(NameIn(Half::kReporting, 1), "wrong.nonfinite", "wrong.nonfinite", {1}, {1});
  const json halves = json::parse(ScoreJson(Scored()))["halves"];
  EXPECT_EQ(halves["tuning"]["cases"], 1);
  EXPECT_EQ(halves["tuning"]["groups"]["hang and crash"]["passed"], 1);
  EXPECT_EQ(halves["reporting"]["groups"]["hang and crash"]["cases"], 1);
  EXPECT_EQ(halves["reporting"]["groups"]["hang and crash"]["passed"], 0);
  EXPECT_EQ(halves["reporting"]["groups"]["wrong"]["passed"], 1);
}

TEST_F(Score, TextSaysWhatWasTakenForWhat) {
  Ran("a", "hang.init", "hang.exit");
  Ran("b", "slow.link", "slow.link");
  const std::string text = ScoreText(Scored());
  EXPECT_THAT(text, HasSubstr("hang.init taken for hang.exit: 1"));
  EXPECT_THAT(text, HasSubstr("1/1 100.0 %"));
  EXPECT_THAT(text, Not(HasSubstr("memory")));
}

TEST(Group, FollowsTheFamilyOfTheClass) {
  EXPECT_EQ(GroupOf("hang.mismatch"), ClassGroup::kHangOrCrash);
  EXPECT_EQ(GroupOf("crash.nccl"), ClassGroup::kHangOrCrash);
  EXPECT_EQ(GroupOf("slow.rank_tx"), ClassGroup::kSlow);
  EXPECT_EQ(GroupOf("wrong.divergence"), ClassGroup::kWrong);
  EXPECT_EQ(GroupOf("memory.growth"), ClassGroup::kMemory);
  EXPECT_EQ(GroupOf("healthy"), ClassGroup::kHealthy);
  EXPECT_EQ(GroupOf("unknown"), ClassGroup::kOther);
}

TEST(Half, ADrawByNameIsAboutEvenAndFollowsNothingElse) {
  int reporting = 0;
  for (int i = 0; i < 1000; ++i) reporting += HalfOf("case " + std::to_string(i)) == Half::kReporting ? 1 : 0;
  // Five standard deviations of a fair coin.
  EXPECT_GT(reporting, 420);
  EXPECT_LT(reporting, 580);
  EXPECT_EQ(HalfOf("ddp / rank 0 hangs"), HalfOf("ddp / rank 0 hangs"));
}

TEST(Sample, KeepsAsManyAsWanted) {
  std::vector<SuiteCase> few(20), many(40);
  for (size_t i = 0; i < many.size(); ++i) many[i].name = "case " + std::to_string(i);
  for (size_t i = 0; i < few.size(); ++i) few[i].name = many[i].name;
  KeepSample(few, 5);
  ASSERT_EQ(few.size(), 5u);
  KeepSample(many, 30);
  ASSERT_EQ(many.size(), 30u);
  std::vector<SuiteCase> again = few;
  KeepSample(again, 0);
  EXPECT_EQ(again.size(), 5u);
  KeepSample(again, 3);
  EXPECT_EQ(again.size(), 3u);
}

TEST(Culprits, AreExactSupersetMissedOrWrong) {
  EXPECT_EQ(CompareCulprits({1, 3}, {3, 1}), Culprits::kExact);
  EXPECT_EQ(CompareCulprits({1}, {1, 2}), Culprits::kSuperset);
  EXPECT_EQ(CompareCulprits({1, 3}, {3}), Culprits::kMissed);
  EXPECT_EQ(CompareCulprits({1}, {}), Culprits::kMissed);
  EXPECT_EQ(CompareCulprits({1}, {2}), Culprits::kWrong);
}

}  // namespace
}  // namespace rankle::cli
