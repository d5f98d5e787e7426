// The cases of testdata/: a line that ends with `// warns: CHECK` has that finding, any other line none.
// Every check has a file there, and a page in docs/checks that says what its table entry says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_split.h"
#include "detectors/checks/check.h"
#include "detectors/checks/check_testing.h"
#include "detectors/checks/program_facts.h"

namespace rankle::lint {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::multiset<std::string> Wanted(const std::string& text) {
  std::multiset<std::string> wanted;
  int number = 0;
  for (const auto line : absl::StrSplit(text, '\n')) {
    ++number;
    const size_t at = line.find("// warns: ");
    if (at == absl::string_view::npos) continue;
    for (const auto check : absl::StrSplit(line.substr(at + 10), ", "))
      wanted.insert(std::to_string(number) + ": " + std::string(check));
  }
  return wanted;
}

std::vector<std::string> CheckNames() {
  std::vector<std::string> names;
  for (const auto& check : AllChecks()) names.emplace_back(check->info().name);
  return names;
}

class EachCheck : public ::testing::TestWithParam<std::string> {};

TEST_P(EachCheck, WarnsWhereItsCasesSayAndNowhereElse) {
  const std::string text = ReadAll(std::string(RANKLE_TESTDATA) + "/" + GetParam() + ".cpp");
  ASSERT_FALSE(text.empty()) << "no cases";
  const CheckedSource checked = CheckSource(text);
  ASSERT_EQ(checked.errors, 0) << checked.first_error;
  std::multiset<std::string> found;
  for (const Finding& finding : checked.findings) {
    // A file of cases is no program: what it lacks as one is said in the file about that.
    if (finding.check == kWaitWithoutAsyncPoll && GetParam() != kWaitWithoutAsyncPoll) continue;
    found.insert(std::to_string(finding.place.line) + ": " + finding.check);
  }
  const std::multiset<std::string> wanted = Wanted(text);
  ASSERT_FALSE(wanted.empty());
  EXPECT_EQ(found, wanted);
}

TEST_P(EachCheck, HasAPageThatNamesItsRootCauseAndWitness) {
  const std::string page = ReadAll(std::string(RANKLE_DOCS) + "/checks/" + GetParam() + ".md");
  ASSERT_FALSE(page.empty()) << "docs/checks/" << GetParam() << ".md is missing";
  for (const auto& check : AllChecks()) {
    const CheckInfo& info = check->info();
    if (info.name != GetParam()) continue;
    EXPECT_THAT(page, ::testing::StartsWith("# " + GetParam() + "\n"));
    EXPECT_THAT(page, ::testing::HasSubstr("Root cause: `" + std::string(info.root_cause) + "`"));
    const std::string witness = info.witness.empty() ? "" : "`" + std::string(info.witness) + "`";
    EXPECT_THAT(page, ::testing::HasSubstr(witness));
  }
  EXPECT_THAT(ReadAll(std::string(RANKLE_DOCS) + "/lint.md"),
              ::testing::HasSubstr("(checks/" + GetParam() + ".md)"));
}

INSTANTIATE_TEST_SUITE_P(All, EachCheck, ::testing::ValuesIn(CheckNames()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Checks, HaveRootCausesOfTheTaxonomyAndWitnessesAmongTheRules) {
  const std::string root = RANKLE_DOCS "/..";
  const std::string causes = ReadAll(root + "/rules/taxonomy/root_causes.jsonl");
  std::string rules;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/rules")) {
    if (entry.path().extension() == ".sql") rules += ReadAll(entry.path());
  }
  for (const auto& check : AllChecks()) {
    const CheckInfo& info = check->info();
    EXPECT_THAT(causes, ::testing::HasSubstr("\"name\": \"" + std::string(info.root_cause) + "\""))
        << info.name;
    if (!info.witness.empty()) {
      EXPECT_THAT(rules, ::testing::HasSubstr("-- id: " + std::string(info.witness) + "\n")) << info.name;
    }
  }
}

// `rankle bugs` has no clang in it and reads them there.
TEST(Checks, StandInTheTaxonomyWithTheirRootCausesAndWitnesses) {
  const std::string lines = ReadAll(RANKLE_DOCS "/../rules/taxonomy/lint_checks.jsonl");
  std::string wanted;
  for (const auto& check : AllChecks()) {
    const CheckInfo& info = check->info();
    wanted += "{\"id\": \"" + std::string(info.name) + "\", \"says\": \"" + std::string(info.summary) +
              "\", \"root_cause\": \"" + std::string(info.root_cause) + "\"";
    if (!info.witness.empty()) wanted += ", \"witness\": \"" + std::string(info.witness) + "\"";
    wanted += "}\n";
  }
  EXPECT_EQ(lines, wanted) << "the second is what the checks themselves say";
}

}  // namespace
}  // namespace rankle::lint
