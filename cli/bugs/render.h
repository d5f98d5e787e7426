// Answers about bugs as text for people (80 columns) and as JSON (schema rankle.bugs/1). Pure.
#pragma once

#include <string>
#include <vector>

#include "analyzer/taxonomy/bug_database.h"
#include "analyzer/taxonomy/knowledge.h"

namespace rankle::cli {

struct BugDetails {
  const taxonomy::Bug* bug = nullptr;
  std::vector<taxonomy::BugRule> rules;
  std::vector<std::string> faults;
  std::vector<std::string> lint_checks;
  std::vector<const taxonomy::EvidenceKind*> evidence;  // of its tags, those that rankle can see
  bool reproduced = false;                              // `rankle bugs reproduce` can run it
};

std::string BugListText(const std::vector<const taxonomy::Bug*>& bugs, bool all_words);
std::string BugListJson(const std::string& query, const std::vector<const taxonomy::Bug*>& bugs,
                        bool all_words);
std::string BugText(const BugDetails& details);
std::string BugDetailsJson(const BugDetails& details);
struct LintCheckBugs {
  const taxonomy::LintCheck* check = nullptr;
  std::vector<const taxonomy::Bug*> bugs;  // that are what it looks for
};
// One check: with its bugs; several: how many each.
std::string LintChecksText(const std::vector<LintCheckBugs>& checks);
std::string LintChecksJson(const std::vector<LintCheckBugs>& checks);
std::string StatisticsText(const taxonomy::BugStatistics& statistics);
std::string StatisticsJson(const taxonomy::BugStatistics& statistics);

}  // namespace rankle::cli
