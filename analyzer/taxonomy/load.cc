#include "analyzer/taxonomy/load.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "analyzer/taxonomy/embedded_sources.h"
#include "analyzer/taxonomy/json_fields.h"

namespace rankle::taxonomy {
namespace {

using Presence = JsonFields::Presence;
constexpr Presence kRequired = JsonFields::kRequired;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Calls `read` with each line that is not blank, and its place "file:line".
void ForEachLine(const Source& source,
                 const std::function<void(std::string_view line, const std::string& place)>& read) {
  int number = 0;
  for (absl::string_view line : absl::StrSplit(View(source.text), '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    read({line.data(), line.size()}, absl::StrCat(View(source.file), ":", number));
  }
}

void CheckIsOneOf(const std::string& value, const std::vector<std::string>& allowed, const char* key,
                  JsonFields& fields) {
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    fields.Fail(
        absl::StrCat("field \"", key, "\": \"", value, "\" is not one of ", absl::StrJoin(allowed, ", ")));
  }
}
void CheckIsTerm(const std::string& value, const std::vector<Term>& terms, const char* key,
                 JsonFields& fields) {
  std::vector<std::string> names;
  for (const Term& term : terms) names.push_back(term.name);
  CheckIsOneOf(value, names, key, fields);
}

Term ReadTerm(JsonFields& f) {
  Term term;
  term.name = f.Text("name", kRequired), term.origin = f.Text("origin", kRequired);
  term.definition = f.Text("definition", kRequired);
  term.definition_origin = f.Text("definition_origin", kRequired);
  term.paper_share = f.Number("paper_share"), term.paper_share_source = f.Text("paper_share_source");
  if (term.paper_share && term.paper_share_source.empty())
    f.Fail("a paper_share needs its paper_share_source");
  return term;
}

LogSignature ReadLogSignature(JsonFields& f) {
  LogSignature s;
  s.id = f.Text("id", kRequired), s.text = f.Text("text", kRequired), s.says = f.Text("says", kRequired);
  s.role = f.Text("role", kRequired), s.origin = f.Text("origin", kRequired);
  CheckIsOneOf(s.role, {"cause", "consequence", "ambiguous", "context"}, "role", f);
  return s;
}

// What a token may begin with; evidence.h says what it means.
constexpr const char* kTokenKinds[] = {"class",  "kind", "field",  "wait",  "culprits", "op",
                                       "signal", "exit", "result", "phase", "log"};

void CheckToken(const std::string& token, const std::vector<LogSignature>& signatures, JsonFields& f) {
  const auto is_of = [&](const char* kind) { return absl::StartsWith(token, absl::StrCat(kind, ":")); };
  if (std::none_of(std::begin(kTokenKinds), std::end(kTokenKinds), is_of))
    f.Fail(absl::StrCat("\"", token, "\" begins with none of ", absl::StrJoin(kTokenKinds, ":, "), ":"));
  const bool is_known = std::any_of(signatures.begin(), signatures.end(), [&](const LogSignature& s) {
    return absl::StrCat("log:", s.id) == token;
  });
  if (is_of("log") && !is_known) f.Fail(absl::StrCat("\"", token, "\" names no log signature"));
}

EvidenceKind ReadEvidence(JsonFields& f, const std::vector<LogSignature>& signatures) {
  EvidenceKind kind;
  kind.tag = f.Text("tag", kRequired), kind.says = f.Text("says", kRequired);
  kind.strength = f.Number("strength").value_or(0);
  if (kind.strength <= 0 || kind.strength > 1) f.Fail("field \"strength\" must be above 0, and 1 at most");
  for (const std::string& alternative : f.Texts("shown_by")) {
    kind.alternatives.push_back(absl::StrSplit(alternative, ' ', absl::SkipEmpty()));
    for (const std::string& token : kind.alternatives.back()) CheckToken(token, signatures, f);
  }
  if (kind.alternatives.empty()) f.Fail("field \"shown_by\" is missing or empty");
  return kind;
}

FaultClass ReadFaultClass(JsonFields& f, const Knowledge& vocabulary) {
  FaultClass row;
  row.id = f.Text("id", kRequired), row.says = f.Text("says", kRequired);
  row.fault = f.Text("fault", kRequired), row.on = f.Texts("on"), row.errors = f.Texts("errors");
  row.root_causes = f.Texts("root_causes"), row.symptoms = f.Texts("symptoms");
  CheckIsOneOf(row.fault, {"error", "delay", "negation", "skip"}, "fault", f);
  for (const std::string& cause : row.root_causes)
    CheckIsTerm(cause, vocabulary.root_causes, "root_causes", f);
  for (const std::string& symptom : row.symptoms) CheckIsTerm(symptom, vocabulary.symptoms, "symptoms", f);
  return row;
}

LintCheck ReadLintCheck(JsonFields& f, const Knowledge& vocabulary) {
  LintCheck check;
  check.id = f.Text("id", kRequired), check.says = f.Text("says", kRequired);
  check.root_cause = f.Text("root_cause", kRequired), check.witness = f.Text("witness");
  CheckIsTerm(check.root_cause, vocabulary.root_causes, "root_cause", f);
  return check;
}

std::string BugId(const Bug& bug) {
  if (bug.repo.empty()) return "";
  if (bug.number) return absl::StrCat(bug.repo, "#", *bug.number);
  // Seven digits are what people and GitHub show of a commit.
  return bug.fix_commit.empty() ? "" : absl::StrCat(bug.repo, "@", bug.fix_commit.substr(0, 7));
}

Bug ReadBug(JsonFields& f, const Knowledge& vocabulary) {
  Bug bug;
  bug.id = f.Text("id"), bug.repo = f.Text("repo"), bug.number = f.Integer("number"), bug.url = f.Text("url");
  bug.title = f.Text("title", kRequired), bug.symptom = f.Text("symptom", kRequired);
  bug.root_cause = f.Text("root_cause", kRequired), bug.manifestation = f.Text("manifestation");
  bug.evidence = f.Text("evidence"), bug.evidence_basis = f.Text("evidence_basis");
  bug.evidence_tags = f.Texts("evidence_tags"), bug.signature = f.Text("signature");
  bug.signature_origin = f.Text("signature_origin"), bug.fix = f.Text("fix");
  bug.framework_version = f.Text("framework_version"), bug.refs = f.Texts("refs");
  bug.fix_commit = f.Text("fix_commit"), bug.fix_date = f.Text("fix_date");
  bug.fix_loc = f.Integer("fix_loc"), bug.fix_loc_src = f.Integer("fix_loc_src");
  bug.label_confidence = f.Text("label_confidence");
  CheckIsTerm(bug.symptom, vocabulary.symptoms, "symptom", f);
  CheckIsTerm(bug.root_cause, vocabulary.root_causes, "root_cause", f);
  if (!bug.manifestation.empty())
    CheckIsTerm(bug.manifestation, vocabulary.manifestations, "manifestation", f);
  if (bug.id.empty()) bug.id = BugId(bug);
  if (bug.id.empty()) f.Fail("the bug has no id: give \"id\", or \"repo\" with \"number\" or \"fix_commit\"");
  return bug;
}

// Loads several sources; keeps the first mistake.
class Loader {
 public:
  explicit Loader(const std::vector<Source>& sources) : sources_(sources) {}

  absl::StatusOr<Knowledge> Load() {
    Terms("symptoms", k_.symptoms);
    Terms("root_causes", k_.root_causes);
    Terms("manifestations", k_.manifestations);
    Records<LogSignature>("log_signatures", k_.log_signatures, &LogSignature::id, ReadLogSignature);
    Records<EvidenceKind>("evidence", k_.evidence, &EvidenceKind::tag,
                          [this](JsonFields& f) { return ReadEvidence(f, k_.log_signatures); });
    Records<FaultClass>("fault_classes", k_.fault_classes, &FaultClass::id,
                        [this](JsonFields& f) { return ReadFaultClass(f, k_); });
    Records<LintCheck>("lint_checks", k_.lint_checks, &LintCheck::id,
                       [this](JsonFields& f) { return ReadLintCheck(f, k_); });
    Bugs();
    for (const Source& source : sources_) {
      if (used_.count(source.file) == 0) {
        Keep(absl::InvalidArgumentError(
            absl::StrCat(View(source.file), ":1: nobody knows what this file holds")));
      }
    }
    if (!status_.ok()) return status_;
    return std::move(k_);
  }

 private:
  void Keep(const absl::Status& status) {
    if (status_.ok()) status_ = status;
  }

  template <typename T>
  void Records(const char* name, std::vector<T>& into, std::string T::*key,
               const std::function<T(JsonFields&)>& read) {
    std::set<std::string> seen;
    for (const Source& source : sources_) {
      if (!absl::EndsWith(View(source.file), absl::StrCat("/", name, ".jsonl"))) continue;
      used_.insert(source.file);
      ForEachLine(source, [&](std::string_view line, const std::string& place) {
        JsonFields fields(line, place);
        T record = read(fields);
        if (!seen.insert(record.*key).second)
          fields.Fail(absl::StrCat("\"", record.*key, "\" is given twice"));
        Keep(fields.Finish());
        into.push_back(std::move(record));
      });
    }
  }
  void Terms(const char* name, std::vector<Term>& into) { Records<Term>(name, into, &Term::name, ReadTerm); }

  void Bugs() {
    std::set<std::string> seen;
    for (const Source& source : sources_) {
      if (!absl::StrContains(View(source.file), "bugs/")) continue;
      used_.insert(source.file);
      std::vector<std::string> problems;
      for (Bug& bug : LoadBugs(source, k_, problems)) {
        if (!seen.insert(bug.id).second)
          Keep(absl::InvalidArgumentError(
              absl::StrCat(View(source.file), ": bug ", bug.id, " is in another file too")));
        k_.bugs.push_back(std::move(bug));
      }
      for (const std::string& problem : problems) Keep(absl::InvalidArgumentError(problem));
    }
  }

  const std::vector<Source>& sources_;
  Knowledge k_;
  std::set<std::string_view> used_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<Knowledge> Load(const std::vector<Source>& sources) { return Loader(sources).Load(); }

absl::StatusOr<Knowledge> LoadBuiltIn() {
  std::vector<Source> sources;
  for (const EmbeddedSource& source : kEmbeddedSources) sources.push_back({source.file, source.text});
  absl::StatusOr<Knowledge> knowledge = Load(sources);
  if (!knowledge.ok()) return absl::InternalError(knowledge.status().message());
  return knowledge;
}

std::vector<Bug> LoadBugs(const Source& source, const Knowledge& vocabulary,
                          std::vector<std::string>& problems) {
  std::vector<Bug> bugs;
  std::map<std::string, std::string> places;  // of ids
  ForEachLine(source, [&](std::string_view line, const std::string& place) {
    JsonFields fields(line, place);
    Bug bug = ReadBug(fields, vocabulary);
    const auto [first, is_new] = places.try_emplace(bug.id, place);
    if (!is_new && !bug.id.empty())
      fields.Fail(absl::StrCat("bug ", bug.id, " is given twice, first at ", first->second));
    if (const absl::Status status = fields.Finish(); !status.ok()) {
      problems.emplace_back(status.message());
    } else {
      bugs.push_back(std::move(bug));
    }
  });
  return bugs;
}

}  // namespace rankle::taxonomy
