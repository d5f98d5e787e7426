// The taxonomy as a SQLite database with full-text search (tables: docs/taxonomy.md), and the questions that
// people ask it.
//
// It is built in memory when it is asked, from the texts that are compiled in: one source of truth, no file
// that can be missing or of another version, and a few milliseconds (docs/measurements.md). An analysis does
// not pay for it: it compares plain values (similar.h).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/store/sql.h"
#include "analyzer/taxonomy/knowledge.h"

namespace rankle::taxonomy {

// What rules and the fault catalogue say about root causes.
struct RuleCause {
  std::string rule, anomaly, symptom, root_cause;
  double weight = 0;
};
struct RuleExample {
  std::string rule, anomaly, bug;  // the rule's references name the bug
};
struct FaultCause {
  std::string action, root_cause;
  bool available = true;  // in this build
};

struct BugCount {
  std::string name;
  int64_t bugs = 0;
};
struct BugStatistics {
  int64_t bugs = 0, imported = 0, with_signature = 0;
  std::vector<BugCount> by_repo, by_symptom, by_root_cause, by_manifestation;
};

struct BugHits {
  std::vector<std::string> ids;  // best first
  bool all_words = true;         // false: no bug has all the words, these have some
};

// A rule that could report the bug, and why it is thought so.
struct BugRule {
  std::string rule, anomaly, by;
};

class BugDatabase {
 public:
  static absl::StatusOr<BugDatabase> Build(const Knowledge& knowledge, const std::vector<RuleCause>& rules,
                                           const std::vector<RuleExample>& examples,
                                           const std::vector<FaultCause>& faults);
  // Bugs that have the words of `text`, in any order; words are compared by their stems.
  absl::StatusOr<BugHits> Search(const std::string& text, int64_t at_most);
  absl::StatusOr<BugStatistics> Statistics();
  absl::StatusOr<std::vector<BugRule>> RulesFor(const std::string& id);
  // Fault actions of this build that stand for the bug's root cause.
  absl::StatusOr<std::vector<std::string>> FaultsFor(const std::string& id);
  // Checks of `rankle lint` that look for what the bug is; and the bugs that are what a check looks for.
  absl::StatusOr<std::vector<std::string>> LintChecksFor(const std::string& id);
  absl::StatusOr<std::vector<std::string>> BugsOfLintCheck(const std::string& check);
  store::Database& sql() { return database_; }

 private:
  explicit BugDatabase(store::Database database) : database_(std::move(database)) {}
  absl::Status Fill(const Knowledge& knowledge, const std::vector<RuleCause>& rules,
                    const std::vector<RuleExample>& examples, const std::vector<FaultCause>& faults);
  // The first column of a query with one parameter.
  absl::StatusOr<std::vector<std::string>> Column(const char* sql, const std::string& key);
  store::Database database_;
};

}  // namespace rankle::taxonomy
