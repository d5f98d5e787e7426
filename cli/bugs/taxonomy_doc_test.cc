// docs/taxonomy.md says which fault action stands for which root cause; so does the catalogue. They must
// agree, and speak of classes that rules report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analyzer/rules/rule.h"
#include "analyzer/taxonomy/load.h"
#include "cli/suite/suite.h"
#include "injector/plan/catalogue.h"

namespace rankle::cli {
namespace {

using Names = std::set<std::string>;

// What stands between `` ` `` in a table cell.
Names Quoted(const std::string& cell) {
  const std::vector<std::string> parts = absl::StrSplit(cell, '`');
  Names names;
  for (size_t i = 1; i < parts.size(); i += 2) names.insert(parts[i]);
  return names;
}

struct Row {
  std::string cause;
  Names what, classes, cases;
};

// Rows "| `cause` | `action`, `action` | `class`, `class` | `suite case` |" of the table whose second column
// has this title.
std::vector<Row> DocumentedRows(const std::string& title) {
  std::ostringstream text;
  text << std::ifstream(RANKLE_SOURCE_DIR "/docs/taxonomy.md").rdbuf();
  std::vector<Row> rows;
  bool inside = false;
  for (absl::string_view line : absl::StrSplit(text.str(), '\n')) {
    if (absl::StartsWith(line, absl::StrCat("| root cause | ", title))) inside = true;
    if (!absl::StartsWith(line, "|")) inside = false;
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (!inside || cells.size() < 6 || !absl::StrContains(cells[1], "`")) continue;
    rows.push_back({*Quoted(cells[1]).begin(), Quoted(cells[2]), Quoted(cells[3]), Quoted(cells[4])});
  }
  return rows;
}

constexpr char kActions[] = "fault action", kSeededBugs[] = "seeded bug";

std::vector<Row> AllRows() {
  std::vector<Row> rows = DocumentedRows(kActions);
  for (Row& row : DocumentedRows(kSeededBugs)) rows.push_back(std::move(row));
  return rows;
}

Names RootCauses() {
  Names names;
  const taxonomy::Knowledge knowledge = *taxonomy::LoadBuiltIn();
  for (const taxonomy::Term& term : knowledge.root_causes) names.insert(term.name);
  return names;
}

TEST(TaxonomyDocumentation, NamesTheActionsOfEachRootCauseAsTheCatalogueDoes) {
  std::map<std::string, Names> documented, known;
  for (const Row& row : DocumentedRows(kActions))
    documented[row.cause].insert(row.what.begin(), row.what.end());
  for (const std::string& cause : RootCauses()) known[cause];
  for (const plan::ActionInfo& info : plan::Catalogue()) {
    if (!info.unavailable.empty()) continue;
    for (const std::string_view cause : info.root_causes)
      known[std::string(cause)].insert(std::string(info.name));
  }
  EXPECT_EQ(documented, known);
}

TEST(TaxonomyDocumentation, SpeaksOfClassesThatRulesReport) {
  Names reported;
  std::vector<std::string> problems;
  for (const rules::Rule& rule : rules::BuiltInRules(problems)) reported.insert(rule.anomaly);
  for (const Row& row : AllRows()) EXPECT_THAT(reported, ::testing::IsSupersetOf(row.classes)) << row.cause;
}

TEST(TaxonomyDocumentation, EveryRowHasASuiteCaseThatExpectsItsClasses) {
  std::map<std::string, std::string> expected;  // case -> class
  for (const auto& file : std::filesystem::directory_iterator(RANKLE_SOURCE_DIR "/corpora/suites")) {
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const auto cases = ParseSuite(text.str(), file.path().string());
    ASSERT_TRUE(cases.ok()) << cases.status();
    for (const SuiteCase& one : *cases) {
      if (one.expect.verdict) expected[one.name] = one.expect.verdict->anomaly;
    }
  }
  for (const Row& row : AllRows()) {
    Names classes;
    for (const std::string& name : row.cases) {
      EXPECT_TRUE(expected.contains(name)) << row.cause << ": there is no case '" << name << "'";
      classes.insert(expected[name]);
    }
    EXPECT_EQ(classes, row.classes) << row.cause;
  }
}

TEST(TaxonomyDocumentation, EveryRootCauseHasASeededBug) {
  Names documented;
  for (const Row& row : DocumentedRows(kSeededBugs)) documented.insert(row.cause);
  Names expected = RootCauses();
  expected.erase("hardware_network_environment");  // no fault of the code
  EXPECT_EQ(documented, expected);
}

TEST(FaultCatalogue, NamesOnlyRootCausesOfTheTaxonomyAndEachOfThem) {
  Names named;
  for (const plan::ActionInfo& info : plan::Catalogue()) {
    for (const std::string_view cause : info.root_causes) named.insert(std::string(cause));
  }
  EXPECT_EQ(named, RootCauses());
}

}  // namespace
}  // namespace rankle::cli
