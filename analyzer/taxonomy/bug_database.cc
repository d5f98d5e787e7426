#include "analyzer/taxonomy/bug_database.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rankle::taxonomy {
namespace {

using store::Value;
using Rows = std::vector<std::vector<Value>>;

Value TextOrNull(const std::string& text) { return text.empty() ? Value{} : Value{text}; }
template <typename T>
Value OrNull(const std::optional<T>& value) {
  return value ? Value{*value} : Value{};
}
Value List(const std::vector<std::string>& list) {
  return nlohmann::json(list).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::Status AddTerms(const char* table, const std::vector<Term>& terms, store::Database& db) {
  Rows rows;
  for (const Term& t : terms) {
    rows.push_back({t.name, t.origin, t.definition, t.definition_origin, OrNull(t.paper_share),
                    TextOrNull(t.paper_share_source)});
  }
  return db.AddTable(table,
                     "name TEXT PRIMARY KEY, origin TEXT, definition TEXT, definition_origin TEXT, "
                     "paper_share REAL, paper_share_source TEXT",
                     rows);
}

absl::Status AddEvidence(const Knowledge& k, store::Database& db) {
  Rows kinds, classes, signatures;
  for (const EvidenceKind& kind : k.evidence) {
    kinds.push_back({kind.tag, kind.says, kind.strength});
    for (const auto& alternative : kind.alternatives) {
      for (const std::string& token : alternative) {
        if (absl::StartsWith(token, "class:")) classes.push_back({kind.tag, token.substr(6)});
      }
    }
  }
  for (const LogSignature& s : k.log_signatures)
    signatures.push_back({s.id, s.text, s.role, s.says, s.origin});
  absl::Status status = db.AddTable("evidence", "tag TEXT PRIMARY KEY, says TEXT, strength REAL", kinds);
  status.Update(db.AddTable("evidence_classes", "tag TEXT, class TEXT", classes));
  status.Update(db.AddTable("log_signatures",
                            "id TEXT PRIMARY KEY, text TEXT, role TEXT, says TEXT, origin TEXT", signatures));
  return status;
}

absl::Status AddBugs(const std::vector<Bug>& bugs, store::Database& db) {
  Rows rows, tags;
  for (const Bug& b : bugs) {
    rows.push_back({b.id,
                    TextOrNull(b.repo),
                    OrNull(b.number),
                    TextOrNull(b.url),
                    b.title,
                    b.symptom,
                    b.root_cause,
                    TextOrNull(b.manifestation),
                    TextOrNull(b.evidence),
                    TextOrNull(b.evidence_basis),
                    TextOrNull(b.signature),
                    TextOrNull(b.signature_origin),
                    TextOrNull(b.fix),
                    TextOrNull(b.framework_version),
                    List(b.refs),
                    TextOrNull(b.fix_commit),
                    TextOrNull(b.fix_date),
                    OrNull(b.fix_loc),
                    OrNull(b.fix_loc_src),
                    TextOrNull(b.label_confidence),
                    int64_t{b.imported}});
    for (const std::string& tag : b.evidence_tags) tags.push_back({b.id, tag});
  }
  absl::Status status = db.AddTable(
      "bugs",
      "id TEXT PRIMARY KEY, repo TEXT, number INTEGER, url TEXT, title TEXT, symptom TEXT, root_cause TEXT, "
      "manifestation TEXT, evidence TEXT, evidence_basis TEXT, signature TEXT, signature_origin TEXT, fix "
      "TEXT, "
      "framework_version TEXT, refs TEXT, fix_commit TEXT, fix_date TEXT, fix_loc INTEGER, fix_loc_src "
      "INTEGER, "
      "label_confidence TEXT, imported INTEGER",
      rows);
  status.Update(db.AddTable("bug_tags", "bug TEXT, tag TEXT", tags));
  return status;
}

absl::Status AddCauses(const std::vector<RuleCause>& rules, const std::vector<RuleExample>& examples,
                       const std::vector<FaultCause>& faults, store::Database& db) {
  Rows rule_rows, example_rows, fault_rows;
  for (const RuleExample& e : examples) example_rows.push_back({e.rule, e.anomaly, e.bug});
  for (const RuleCause& r : rules)
    rule_rows.push_back({r.rule, r.anomaly, r.symptom, r.root_cause, r.weight});
  for (const FaultCause& f : faults) fault_rows.push_back({f.action, f.root_cause, int64_t{f.available}});
  absl::Status status = db.AddTable(
      "rule_causes", "rule TEXT, class TEXT, symptom TEXT, root_cause TEXT, weight REAL", rule_rows);
  status.Update(db.AddTable("rule_examples", "rule TEXT, class TEXT, bug TEXT", example_rows));
  status.Update(db.AddTable("fault_causes", "action TEXT, root_cause TEXT, available INTEGER", fault_rows));
  return status;
}

absl::Status AddLintChecks(const std::vector<LintCheck>& checks, store::Database& db) {
  Rows rows;
  for (const LintCheck& c : checks) rows.push_back({c.id, c.says, c.root_cause, TextOrNull(c.witness)});
  return db.AddTable("lint_checks", "id TEXT PRIMARY KEY, says TEXT, root_cause TEXT, witness TEXT", rows);
}

// A rule is linked to a bug because it names the bug, or by the evidence that its class shows; failing that,
// by symptom and root cause.
constexpr const char* kViewsAndIndex[] = {
    "CREATE VIEW evidence_rules AS SELECT DISTINCT t.bug, r.rule, r.class FROM bug_tags t "
    "JOIN evidence_classes e ON e.tag = t.tag JOIN rule_causes r ON r.class = e.class "
    "JOIN bugs b ON b.id = t.bug WHERE r.symptom = b.symptom OR r.root_cause = b.root_cause",
    "CREATE VIEW bug_rules AS SELECT bug, rule, class, 'reference' AS by FROM rule_examples "
    "UNION SELECT bug, rule, class, 'evidence' FROM evidence_rules e "
    "WHERE NOT EXISTS (SELECT 1 FROM rule_examples x WHERE x.bug = e.bug AND x.rule = e.rule) "
    "UNION SELECT b.id, r.rule, r.class, 'symptom and root cause' FROM bugs b "
    "JOIN rule_causes r ON r.symptom = b.symptom AND r.root_cause = b.root_cause "
    "WHERE NOT EXISTS (SELECT 1 FROM evidence_rules e WHERE e.bug = b.id) "
    "AND NOT EXISTS (SELECT 1 FROM rule_examples x WHERE x.bug = b.id AND x.rule = r.rule)",
    "CREATE VIEW bug_faults AS SELECT b.id AS bug, f.action, f.available FROM bugs b "
    "JOIN fault_causes f ON f.root_cause = b.root_cause",
    // Of the same root cause; and, where a rule shows that it happened, with the symptom that the rule stands
    // for.
    "CREATE VIEW bug_lint_checks AS SELECT b.id AS bug, c.id AS lint_check FROM bugs b "
    "JOIN lint_checks c ON c.root_cause = b.root_cause WHERE c.witness IS NULL "
    "OR EXISTS (SELECT 1 FROM rule_causes r WHERE r.rule = c.witness AND r.symptom = b.symptom)",
    // porter: "mismatched" finds "mismatch". The tokenizer parts words at _ and -, as people do not agree
    // there.
    "CREATE VIRTUAL TABLE bug_text USING fts5(id, signature, title, evidence, tags, fix, "
    "tokenize = 'porter unicode61')",
    "INSERT INTO bug_text SELECT b.id, b.signature, b.title, b.evidence, "
    "(SELECT group_concat(tag, ' ') FROM bug_tags t WHERE t.bug = b.id), b.fix FROM bugs b",
};

// Words as the tokenizer parts them, each quoted so that nothing in them is taken for query syntax.
std::vector<std::string> QueryWords(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || byte >= 0x80) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(absl::StrCat("\"", word, "\""));
      word.clear();
    }
  }
  return words;
}

std::string TextAt(const std::vector<Value>& row, size_t column) {
  const auto* text = std::get_if<std::string>(&row[column]);
  return text == nullptr ? "" : *text;
}
int64_t NumberAt(const std::vector<Value>& row, size_t column) {
  const auto* number = std::get_if<int64_t>(&row[column]);
  return number == nullptr ? 0 : *number;
}

}  // namespace

absl::StatusOr<BugDatabase> BugDatabase::Build(const Knowledge& knowledge,
                                               const std::vector<RuleCause>& rules,
                                               const std::vector<RuleExample>& examples,
                                               const std::vector<FaultCause>& faults) {
  auto database = store::Database::Open();
  if (!database.ok()) return database.status();
  BugDatabase built(*std::move(database));
  if (absl::Status status = built.Fill(knowledge, rules, examples, faults); !status.ok()) return status;
  return built;
}

absl::Status BugDatabase::Fill(const Knowledge& k, const std::vector<RuleCause>& rules,
                               const std::vector<RuleExample>& examples,
                               const std::vector<FaultCause>& faults) {
  absl::Status status = database_.Query("BEGIN").status();
  status.Update(AddTerms("symptoms", k.symptoms, database_));
  status.Update(AddTerms("root_causes", k.root_causes, database_));
  status.Update(AddTerms("manifestations", k.manifestations, database_));
  status.Update(AddEvidence(k, database_));
  status.Update(AddBugs(k.bugs, database_));
  status.Update(AddCauses(rules, examples, faults, database_));
  status.Update(AddLintChecks(k.lint_checks, database_));
  for (const char* sql : kViewsAndIndex) status.Update(database_.Query(sql).status());
  status.Update(database_.Query("COMMIT").status());
  return status;
}

absl::StatusOr<BugHits> BugDatabase::Search(const std::string& text, int64_t at_most) {
  const std::vector<std::string> words = QueryWords(text);
  if (words.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", text, "': there is no word to search for: give words of an error message or a title"));
  }
  // Weights by column: an id or a signature is what somebody pastes; the fix is our own wording.
  constexpr char kQuery[] =
      "SELECT id FROM bug_text WHERE bug_text MATCH ?1 "
      "ORDER BY bm25(bug_text, 10, 8, 4, 2, 2, 1), id LIMIT ?2";
  BugHits hits;
  for (const char* with : {" AND ", " OR "}) {
    auto found = database_.Query(kQuery, {absl::StrJoin(words, with), at_most});
    if (!found.ok()) return found.status();
    for (const auto& row : found->rows) hits.ids.push_back(TextAt(row, 0));
    if (!hits.ids.empty() || !hits.all_words) break;
    hits.all_words = false;
  }
  return hits;
}

absl::StatusOr<BugStatistics> BugDatabase::Statistics() {
  BugStatistics s;
  auto totals = database_.Query("SELECT count(*), sum(imported), count(signature) FROM bugs");
  if (!totals.ok()) return totals.status();
  s.bugs = NumberAt(totals->rows[0], 0), s.imported = NumberAt(totals->rows[0], 1);
  s.with_signature = NumberAt(totals->rows[0], 2);
  const std::pair<std::vector<BugCount>*, const char*> groups[] = {
      {&s.by_repo, "SELECT coalesce(repo, 'without a repo') AS n, count(*) FROM bugs GROUP BY n"},
      // Every word of the vocabulary, also those that no bug has.
      {&s.by_symptom,
       "SELECT name AS n, count(id) FROM symptoms LEFT JOIN bugs ON symptom = name GROUP BY n"},
      {&s.by_root_cause,
       "SELECT name AS n, count(id) FROM root_causes LEFT JOIN bugs ON root_cause = name GROUP BY n"},
      {&s.by_manifestation,
       "SELECT name AS n, count(id) FROM manifestations LEFT JOIN bugs ON manifestation = name GROUP BY n"}};
  for (const auto& [into, sql] : groups) {
    auto rows = database_.Query(absl::StrCat(sql, " ORDER BY 2 DESC, n"));
    if (!rows.ok()) return rows.status();
    for (const auto& row : rows->rows) into->push_back({TextAt(row, 0), NumberAt(row, 1)});
  }
  return s;
}

absl::StatusOr<std::vector<BugRule>> BugDatabase::RulesFor(const std::string& id) {
  auto rows = database_.Query("SELECT rule, class, by FROM bug_rules WHERE bug = ?1 ORDER BY rule", {id});
  if (!rows.ok()) return rows.status();
  std::vector<BugRule> rules;
  for (const auto& row : rows->rows) rules.push_back({TextAt(row, 0), TextAt(row, 1), TextAt(row, 2)});
  return rules;
}

absl::StatusOr<std::vector<std::string>> BugDatabase::FaultsFor(const std::string& id) {
  return Column("SELECT action FROM bug_faults WHERE bug = ?1 AND available = 1 ORDER BY action", id);
}

absl::StatusOr<std::vector<std::string>> BugDatabase::Column(const char* sql, const std::string& key) {
  auto rows = database_.Query(sql, {key});
  if (!rows.ok()) return rows.status();
  std::vector<std::string> texts;
  for (const auto& row : rows->rows) texts.push_back(TextAt(row, 0));
  return texts;
}

absl::StatusOr<std::vector<std::string>> BugDatabase::LintChecksFor(const std::string& id) {
  return Column("SELECT lint_check FROM bug_lint_checks WHERE bug = ?1 ORDER BY lint_check", id);
}

absl::StatusOr<std::vector<std::string>> BugDatabase::BugsOfLintCheck(const std::string& check) {
  return Column("SELECT bug FROM bug_lint_checks WHERE lint_check = ?1 ORDER BY bug", check);
}

}  // namespace rankle::taxonomy
