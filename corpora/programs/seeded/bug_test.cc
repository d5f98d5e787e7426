#include "corpora/programs/seeded/bug.h"

#include <gtest/gtest.h>

namespace rankle::programs {
namespace {

TEST(SeededBug, ShowsOnItsRankFromItsStepOn) {
  const SeededBug bug{.info = FindBug("overflow"), .rank = 2, .step = 10};
  EXPECT_TRUE(bug.Has(Bug::kOverflow, 2, 10));
  EXPECT_TRUE(bug.Has(Bug::kOverflow, 2, 11));
  EXPECT_FALSE(bug.Has(Bug::kOverflow, 2, 9));
  EXPECT_FALSE(bug.Has(Bug::kOverflow, 1, 10));
  EXPECT_FALSE(bug.Has(Bug::kNoSync, 2, 10));
}

TEST(SeededBug, OfTheAlgorithmIsEverywhere) {
  const SeededBug bug{.info = FindBug("unreduced"), .rank = 2, .step = 1};
  EXPECT_TRUE(bug.Has(Bug::kUnreduced, 0, 1));
}

TEST(SeededBug, IsFoundByItsNameAlone) {
  for (const BugInfo& info : kBugs) EXPECT_EQ(FindBug(info.name)->bug, info.bug) << info.name;
  EXPECT_FALSE(FindBug("none"));
  EXPECT_FALSE(SeededBug().Has(Bug::kImport, 1, 20));
}

}  // namespace
}  // namespace rankle::programs
