// Diagnosis rules: one SQL file each. A comment header says what the rule means, the query returns one row a
// finding. Format and example: docs/adding-a-rule.md.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/store/sql.h"

namespace rankle::rules {

struct Rule {
  std::string id;           // "hang/not-entered"
  std::string anomaly;      // class of the contract: "hang.not_entered"
  std::string view;         // instead of a class: the query is a view of this name for other rules to read
  std::string severity;     // info, warning, error
  std::string description;  // one line
  std::string symptom;      // taxonomy symptom
  std::string advice;
  std::vector<std::string> look_alikes, references;
  std::vector<std::pair<std::string, double>> root_causes;  // taxonomy root cause, weight
  std::string sql;  // the whole file, so that error offsets give lines
  std::string file;
};

// A row returned by a rule.
struct Finding {
  const Rule* rule = nullptr;
  double confidence = 0;
  std::vector<int32_t> ranks, victims;  // global ranks, ascending
  std::vector<std::pair<int32_t, int32_t>> links;
  std::vector<std::string> hosts, evidence;
  std::string communicator, op, summary;
  int64_t seq = 0;
  double since_s = 0;   // how long it has lasted; 0 = not known
  double effect_s = 0;  // what it costs the job in an iteration (slow.*); 0 = not known
  double at_s = 0;      // when it began, on the job's axis; 0 = not known
};

// What a verdict may say, in the order of the report format; slow.mixed comes from the verdict step alone.
std::span<const char* const> Classes();

// Reads a rule from text. `file` names it in messages.
absl::StatusOr<Rule> ParseRule(const std::string& text, const std::string& file);
// The rules that are built into the program, views first.
std::vector<Rule> BuiltInRules(std::vector<std::string>& problems);
// Adds the *.sql files of a directory; a rule with a known id replaces it. Files that cannot be used are
// reported in `problems` ("file:line: what is wrong") and left out.
absl::Status AddRulesFrom(const std::string& directory, std::vector<Rule>& rules,
                          std::vector<std::string>& problems);

// Runs one rule; a view is made and finds nothing. The error says "file:line: message".
absl::StatusOr<std::vector<Finding>> RunRule(const Rule& rule, store::Database& database);

}  // namespace rankle::rules
