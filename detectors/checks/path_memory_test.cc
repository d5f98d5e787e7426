// Values, memory, facts and programs as the checks over paths know them: plain values.
#include "detectors/checks/path_memory.h"

#include <gtest/gtest.h>

#include "detectors/checks/program_facts.h"
#include "detectors/checks/value.h"

namespace rankle::lint {
namespace {

Value A(const char* atom) { return Value::Atom(atom); }
Value N(int64_t constant) { return Value::Constant(constant); }

TEST(Values, AreTheSameWhateverTheOrderOfTheirParts) {
  EXPECT_EQ(A("^p") + A("rank") * A("n"), A("n") * A("rank") + A("^p"));
  EXPECT_EQ((A("^p") + A("n") - A("^p")) * N(4), N(4) * A("n"));
  EXPECT_NE(A("n") * N(4), A("n"));
  EXPECT_EQ((A("n") - A("n")).AsConstant(), 0);
}

TEST(Values, KnowThePointerThatTheyAreAnOffsetFrom) {
  EXPECT_EQ((A("^p") + N(8) * A("n")).Base(), "^p");
  EXPECT_EQ((A("n") + N(8)).Base(), "");
  EXPECT_EQ((A("^p") + A("^q")).Base(), "");
}

TEST(PathMemory, GivesUnwrittenMemoryItsName) {
  PathMemory memory;
  EXPECT_EQ(memory.Read("x'1", false), A("x'1"));
  memory.Write("x'1", N(3));
  EXPECT_EQ(memory.Read("x'1", false).AsConstant(), 3);
}

TEST(PathMemory, ForgetsAgainAndAgain) {
  PathMemory memory;
  const std::string first = memory.Present("x'1");
  memory.Forget(first);
  const std::string second = memory.Present("x'1");
  memory.Forget(second);
  const std::string third = memory.Present("x'1");
  EXPECT_NE(first, second);
  EXPECT_NE(second, third);
  EXPECT_EQ(memory.Present(second), third);
}

TEST(PathMemory, CopiesFieldsOfOneObjectOnly) {
  PathMemory memory;
  memory.Write("a.blocking", N(0));
  memory.Write("ab.blocking", N(1));
  memory.CopyFields("a", "c");
  EXPECT_EQ(memory.Read("c.blocking", false).AsConstant(), 0);
  EXPECT_EQ(memory.Read("a.blocking", false).AsConstant(), 0);
  EXPECT_TRUE(memory.Wrote("c"));
  EXPECT_FALSE(memory.Wrote("d"));
}

using Kind = PathCondition::Kind;

TEST(PathFacts, KnowTheSameConditionInOtherWords) {
  PathFacts facts;
  facts.Assume({Kind::kZero, A("a") - A("b"), false}, true);
  EXPECT_EQ(facts.Known({Kind::kZero, A("b") - A("a"), false}), true);
  EXPECT_EQ(facts.Known({Kind::kZero, A("b") - A("a"), true}), false);
  facts.Assume({Kind::kNegative, A("i") - A("n"), false}, true);  // i < n
  EXPECT_EQ(facts.Known({Kind::kNegative, A("i") - A("n"), true}), false);
  EXPECT_EQ(facts.Known({Kind::kNegative, A("n") - A("i"), false}), std::nullopt);
}

TEST(PathFacts, DrawConclusionsFromConstants) {
  PathFacts facts;
  EXPECT_EQ(facts.Known({Kind::kZero, N(0), true}), false);
  facts.Assume({Kind::kZero, A("state") - N(7), false}, true);
  EXPECT_EQ(facts.Known({Kind::kZero, A("state"), false}), false);
  EXPECT_EQ(facts.Known({Kind::kZero, N(7) - A("state"), false}), true);
  facts.Assume({Kind::kZero, A("other") - N(7), false}, false);
  EXPECT_EQ(facts.Known({Kind::kZero, A("other"), false}), std::nullopt);
}

TEST(PathFacts, TakeNoAddressForNull) {
  EXPECT_EQ(PathFacts().Known({Kind::kZero, A("^&x'1"), true}), true);
  EXPECT_EQ(PathFacts().Known({Kind::kZero, A("^p'1"), true}), std::nullopt);
}

Finding At(std::string_view check, const char* file, int line) {
  Finding finding;
  finding.check = check;
  finding.place = {file, line, 1};
  return finding;
}

TEST(Programs, KeepTheFirstWaitWhenNobodyPolls) {
  std::vector<Finding> findings{At("nccl-other", "a.cc", 9), At(kWaitWithoutAsyncPoll, "b.cc", 1),
                                At(kWaitWithoutAsyncPoll, "a.cc", 5)};
  SettleProgram({{true, false}, {false, false}}, findings);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].check, "nccl-other");
  EXPECT_EQ(findings[1].place.file, "a.cc");
}

TEST(Programs, KeepNoWaitWhenOneUnitPollsOrNoneCommunicates) {
  std::vector<Finding> polled{At(kWaitWithoutAsyncPoll, "a.cc", 5)}, silent = polled;
  SettleProgram({{true, false}, {false, true}}, polled);
  EXPECT_TRUE(polled.empty());
  SettleProgram({{false, false}}, silent);
  EXPECT_TRUE(silent.empty());
}

}  // namespace
}  // namespace rankle::lint
