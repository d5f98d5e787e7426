// docs/taxonomy.md says which fault action stands for which root cause; so does the catalogue. They must
// agree, and speak of classes that rules report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "analyzer/rules/rule.h"
#include "analyzer/taxonomy/load.h"
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
  Names actions, classes;
};

// Rows "| `cause` | `action`, `action` | `class` or words |" of the table.
std::vector<Row> DocumentedRows() {
  std::ostringstream text;
  text << std::ifstream(RANKLE_SOURCE_DIR "/docs/taxonomy.md").rdbuf();
  std::vector<Row> rows;
  bool inside = false;
  for (absl::string_view line : absl::StrSplit(text.str(), '\n')) {
    if (absl::StartsWith(line, "| root cause | fault action")) inside = true;
    if (!absl::StartsWith(line, "|")) inside = false;
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (!inside || cells.size() < 5 || !absl::StrContains(cells[1], "`")) continue;
    rows.push_back({*Quoted(cells[1]).begin(), Quoted(cells[2]), Quoted(cells[3])});
  }
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
  for (const Row& row : DocumentedRows())
    documented[row.cause].insert(row.actions.begin(), row.actions.end());
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
  for (const Row& row : DocumentedRows())
    EXPECT_THAT(reported, ::testing::IsSupersetOf(row.classes)) << row.cause;
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
