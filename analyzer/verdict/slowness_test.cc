#include "analyzer/verdict/slowness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/verdict/verdict.h"

namespace rankle::verdict {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kUnknown = 0;

rules::Rule RuleOf(const std::string& anomaly) {
  rules::Rule rule;
  rule.id = rule.anomaly = anomaly;
  return rule;
}

struct Slowness {
  std::string anomaly;
  double effect_s;
  std::vector<int32_t> ranks;
  std::vector<Link> links = {};
};

// The verdict on findings of these kinds, that began together.
Verdict VerdictOn(const std::vector<Slowness>& all) {
  std::vector<rules::Rule> rules;
  for (const Slowness& s : all) rules.push_back(RuleOf(s.anomaly));
  std::vector<rules::Finding> findings;
  for (size_t i = 0; i < all.size(); ++i) {
    rules::Finding f;
    f.rule = &rules[i], f.confidence = 0.9, f.ranks = all[i].ranks, f.links = all[i].links;
    f.effect_s = all[i].effect_s, f.at_s = 1, f.summary = all[i].anomaly;
    findings.push_back(f);
  }
  Report report;
  Decide(store::Store(), {}, findings, report);
  return report.verdict;
}

TEST(SlownessTest, KindsThatCostAboutTheSameAreNamedTogether) {
  const Verdict v = VerdictOn({{"slow.compute", 0.010, {3}}, {"slow.link", 0.008, {}, {{1, 2}}}});
  EXPECT_EQ(v.anomaly, "slow.mixed");
  EXPECT_THAT(v.ranks, ElementsAre(3));
  EXPECT_THAT(v.links, ElementsAre(Link{1, 2}));
  EXPECT_EQ(v.summary, "several kinds of slowness at once: slow.compute; also slow.link");
}

TEST(SlownessTest, TheLargerOneIsTheVerdictWhenTheOtherIsSmall) {
  for (bool first : {true, false}) {
    const Verdict v =
        VerdictOn({{"slow.compute", first ? 0.010 : 0.002, {3}}, {"slow.input", first ? 0.002 : 0.010, {1}}});
    EXPECT_EQ(v.anomaly, first ? "slow.compute" : "slow.input");
    EXPECT_THAT(v.ranks, ElementsAre(first ? 3 : 1));
  }
}

TEST(SlownessTest, CostThatNobodyKnowsIsNotWeighed) {
  EXPECT_EQ(VerdictOn({{"slow.compute", 0.010, {3}}, {"slow.link", kUnknown, {}, {{1, 2}}}}).anomaly,
            "slow.compute");
}

TEST(SlownessTest, WhatACulpritExplainsIsNoFurtherKind) {
  EXPECT_EQ(VerdictOn({{"slow.compute", 0.010, {3}}, {"slow.global", 0.010, {}}}).anomaly, "slow.compute");
}

TEST(SlownessTest, OneKindOnSeveralRanksIsOneKind) {
  const Verdict v = VerdictOn({{"slow.compute", 0.010, {3}}, {"slow.compute", 0.009, {1}}});
  EXPECT_EQ(v.anomaly, "slow.compute");
  EXPECT_THAT(v.ranks, ElementsAre(1, 3));
}

TEST(SlownessTest, NothingToNameInOtherFindings) {
  EXPECT_THAT(KindsOfSlowness({}), IsEmpty());
  ReportedFinding crash;
  crash.anomaly = "crash.oom", crash.is_root = true, crash.effect_s = 1;
  EXPECT_THAT(KindsOfSlowness({crash}), IsEmpty());
}

}  // namespace
}  // namespace rankle::verdict
