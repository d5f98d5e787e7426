#include "cli/bugs/reproductions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "analyzer/taxonomy/load.h"
#include "cli/launch/files.h"

namespace rankle::cli {
namespace {

using ::testing::ElementsAre;

const std::string kBugs = std::string(RANKLE_SOURCE_DIR) + "/corpora/bugs/";

std::vector<SuiteCase> Cases(const std::vector<std::string>& names) {
  std::vector<SuiteCase> cases;
  for (const std::string& name : names) cases.emplace_back().name = name;
  return cases;
}

std::vector<SuiteCase> Reproduced() {
  const auto text = ReadFile(kBugs + "reproduced.yaml");
  EXPECT_TRUE(text.ok()) << text.status();
  const auto cases = ParseSuite(text.value_or(""), "reproduced.yaml");
  EXPECT_TRUE(cases.ok()) << cases.status();
  return cases.value_or(std::vector<SuiteCase>());
}

TEST(Reproductions, ChooseByWholeIdAndVariant) {
  const auto cases = Cases({"a/b#12 / as it was", "a/b#1 / fixed", "a/b#1 / as it was"});
  EXPECT_THAT(ReproducedBugs(cases), ElementsAre("a/b#1", "a/b#12"));
  const auto chosen = ReproductionsOf(cases, "a/b#1", kAsItWas);
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  ASSERT_EQ(chosen->size(), 1u);
  EXPECT_EQ(chosen->front().name, "a/b#1 / as it was");
  const auto none = ReproductionsOf(cases, "a/b#2", kFixed);
  EXPECT_EQ(none.status().message(), "a/b#2: this bug is not reproduced; these are: a/b#1, a/b#12");
}

TEST(Reproductions, AreOfBugsInTheDatabaseWithBothVariantsAndAHealthyFix) {
  const auto knowledge = taxonomy::LoadBuiltIn();
  ASSERT_TRUE(knowledge.ok()) << knowledge.status();
  const std::vector<SuiteCase> cases = Reproduced();
  for (const std::string& bug : ReproducedBugs(cases)) {
    EXPECT_TRUE(std::any_of(knowledge->bugs.begin(), knowledge->bugs.end(),
                            [&](const taxonomy::Bug& each) { return each.id == bug; }))
        << bug << " is not in the database";
    const auto broken = ReproductionsOf(cases, bug, kAsItWas), fixed = ReproductionsOf(cases, bug, kFixed);
    ASSERT_TRUE(broken.ok() && fixed.ok()) << bug << " lacks a variant";
    ASSERT_TRUE(broken->front().expect.verdict && fixed->front().expect.verdict) << bug;
    EXPECT_NE(broken->front().expect.verdict->anomaly, "healthy") << bug;
    EXPECT_EQ(fixed->front().expect.verdict->anomaly, "healthy") << bug;
  }
  EXPECT_GE(ReproducedBugs(cases).size(), 12u);  // what issue and documents promise
}

TEST(Reproductions, NameScriptsThatExistAndSayWhichBugTheyAre) {
  for (const SuiteCase& one : Reproduced()) {
    const auto script = std::find_if(one.command.begin(), one.command.end(),
                                     [](const std::string& word) { return word.ends_with(".py"); });
    ASSERT_NE(script, one.command.end()) << one.name;
    const auto text = ReadFile(kBugs + "reproduced/" + std::filesystem::path(*script).filename().string());
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_THAT(*text, ::testing::StartsWith("\"\"\"" + std::string(BugOf(one)) + ": "));
    EXPECT_LT(std::count(text->begin(), text->end(), '\n'), 60) << *script;
  }
}

}  // namespace
}  // namespace rankle::cli
