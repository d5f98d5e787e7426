// The parts of the lint driver that are plain values: edits, baselines, paths.
#include <gtest/gtest.h>

#include "detectors/lint/baseline.h"
#include "detectors/lint/fix.h"
#include "detectors/lint/paths.h"

namespace rankle::lint {
namespace {

TEST(Fix, MakesEditsInAnyOrderAndEachOnce) {
  const Fixed fixed = MakeEdits("f(n * 4, 8);", {{"a", 9, 10, "9"}, {"a", 2, 7, "n"}, {"a", 2, 7, "n"}});
  EXPECT_EQ(fixed.text, "f(n, 9);");
  EXPECT_EQ(fixed.made, 2);
}

TEST(Fix, LeavesOutWhatOverlapsOrLiesBehindTheEnd) {
  const Fixed fixed = MakeEdits("abcdef", {{"a", 0, 3, "X"}, {"a", 2, 4, "Y"}, {"a", 5, 99, "Z"}});
  EXPECT_EQ(fixed.text, "Xdef");
  EXPECT_EQ(fixed.left_out, 2);
}

TEST(Baseline, HoldsTheIdentitiesThatWereWritten) {
  Finding finding;
  finding.identity = "0123456789abcdef";
  finding.place.file = "/src/a.cc";
  finding.message = "quote \" and \xff";
  const auto identities = ParseBaseline(BaselineText({finding}, "/src"), "b.json");
  ASSERT_TRUE(identities.ok()) << identities.status();
  EXPECT_EQ(*identities, std::set<std::string>{"0123456789abcdef"});
  EXPECT_TRUE(ParseBaseline(BaselineText({}, "/src"), "b.json")->empty());
}

TEST(Baseline, RefusesWhatIsNone) {
  for (const char* text : {"", "[]", "{}", R"({"schema": "rankle.lint-baseline/1"})",
                           R"({"schema": "rankle.lint-baseline/1", "findings": [{"check": "a"}]})",
                           R"({"schema": "rankle.lint-baseline/1", "findings": [{"identity": 3}]})"})
    EXPECT_FALSE(ParseBaseline(text, "b.json").ok()) << text;
}

TEST(Paths, BelowTheRootAreRelative) {
  EXPECT_EQ(RelativeTo("/src", "/src/a/b.cc"), "a/b.cc");
  EXPECT_EQ(RelativeTo("/", "/src/a.cc"), "src/a.cc");
  EXPECT_EQ(RelativeTo("/src", "/srcs/a.cc"), "/srcs/a.cc");
}

}  // namespace
}  // namespace rankle::lint
