#include "cli/bugs/render.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "analyzer/taxonomy/bug_json.h"

namespace rankle::cli {
namespace {

using Json = nlohmann::ordered_json;
using taxonomy::Bug;
using taxonomy::BugCount;
using taxonomy::BugStatistics;

constexpr char kSchema[] = "rankle.bugs/1";
constexpr char kSelection[] =
    "the built-in bugs were selected by keyword (hang, rank, gradient, NaN, group, leak ...), so hangs and "
    "silent errors are over-represented: no number here says how common something is";
constexpr size_t kColumns = 80;

// "NAME  text", wrapped at 80 columns and indented below the text; nothing for an empty text.
std::string Field(const char* name, const std::string& text) {
  if (text.empty()) return "";
  constexpr size_t kIndent = 14;
  std::string out, line = absl::StrFormat("%-13s", name);
  bool begun = false;
  for (absl::string_view word : absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
    if (begun && line.size() + 1 + word.size() > kColumns) {
      absl::StrAppend(&out, line, "\n");
      line = std::string(kIndent - 1, ' ');
    }
    absl::StrAppend(&line, " ", word);
    begun = true;
  }
  return absl::StrCat(out, line, "\n");
}

std::string Write(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json Counts(const std::vector<BugCount>& counts) {
  Json json = Json::object();
  for (const BugCount& count : counts) json[count.name] = count.bugs;
  return json;
}

std::string CountLines(const char* heading, const std::vector<BugCount>& counts) {
  std::string text = absl::StrCat("\n", heading, "\n");
  for (const BugCount& count : counts) absl::StrAppendFormat(&text, "  %5d  %s\n", count.bugs, count.name);
  return text;
}

}  // namespace

std::string BugListText(const std::vector<const Bug*>& bugs, bool all_words) {
  if (bugs.empty()) return "no bug has any of these words\n";
  std::string text;
  if (!all_words) text = "no bug has all of these words; these have some of them\n";
  for (const Bug* bug : bugs) {
    absl::StrAppend(&text, bug->id, bug->imported ? "  (imported)" : "", "\n", Field("", bug->title),
                    Field("", absl::StrCat(bug->symptom, ", ", bug->root_cause)));
    if (!bug->signature.empty()) text += Field("", absl::StrCat("\"", bug->signature, "\""));
  }
  return text;
}

std::string BugListJson(const std::string& query, const std::vector<const Bug*>& bugs, bool all_words) {
  Json list = Json::array();
  for (const Bug* bug : bugs) list.push_back(taxonomy::BugJson(*bug));
  return Write({{"schema", kSchema}, {"query", query}, {"all_words", all_words}, {"bugs", list}});
}

std::string BugText(const BugDetails& details) {
  const Bug& b = *details.bug;
  std::string text = absl::StrCat(b.id, b.imported ? "  (imported)" : "", "\n");
  text += Field("title", b.title) + Field("url", b.url) + Field("symptom", b.symptom) +
          Field("shows as", b.manifestation) + Field("root cause", b.root_cause) +
          Field("evidence", b.evidence);
  text += Field("known by", b.signature.empty() ? "" : absl::StrCat("\"", b.signature, "\"")) +
          Field("tags", absl::StrJoin(b.evidence_tags, ", ")) + Field("fix", b.fix);
  if (!b.fix_commit.empty())
    text += Field("fixed in", absl::StrCat(b.fix_commit.substr(0, 12), " ", b.fix_date));
  text += Field("labels", b.label_confidence.empty() ? ""
                                                     : absl::StrCat("confidence ", b.label_confidence,
                                                                    ", evidence ", b.evidence_basis));
  for (const taxonomy::EvidenceKind* kind : details.evidence)
    text += Field("rankle sees", absl::StrCat(kind->says, " (", kind->tag, ")"));
  for (const taxonomy::BugRule& rule : details.rules)
    text += Field("rule", absl::StrCat(rule.rule, ": class ", rule.anomaly, ", by ", rule.by));
  text += Field("lint checks", absl::StrJoin(details.lint_checks, ", ")) +
          Field("faults", absl::StrJoin(details.faults, ", "));
  if (details.reproduced)
    text += Field("watch it", absl::StrCat("rankle bugs reproduce '", b.id, "' [--fixed]"));
  return text;
}

std::string LintChecksText(const std::vector<LintCheckBugs>& checks) {
  std::string text;
  for (const LintCheckBugs& each : checks) {
    const taxonomy::LintCheck& check = *each.check;
    absl::StrAppend(&text, check.id, "\n", Field("", check.says), Field("root cause", check.root_cause),
                    Field("happened if", check.witness));
    if (checks.size() > 1) {
      text += Field("bugs", absl::StrCat(each.bugs.size()));
    } else {
      for (const Bug* bug : each.bugs) text += Field("bug", absl::StrCat(bug->id, ": ", bug->title));
    }
  }
  return text;
}

std::string LintChecksJson(const std::vector<LintCheckBugs>& checks) {
  Json list = Json::array();
  for (const LintCheckBugs& each : checks) {
    Json bugs = Json::array();
    for (const Bug* bug : each.bugs) bugs.push_back(bug->id);
    list.push_back({{"check", each.check->id},
                    {"says", each.check->says},
                    {"root_cause", each.check->root_cause},
                    {"witness", each.check->witness},
                    {"bugs", std::move(bugs)}});
  }
  return Write({{"schema", kSchema}, {"lint_checks", std::move(list)}});
}

std::string BugDetailsJson(const BugDetails& details) {
  Json rules = Json::array();
  for (const taxonomy::BugRule& rule : details.rules)
    rules.push_back({{"rule", rule.rule}, {"class", rule.anomaly}, {"by", rule.by}});
  return Write({{"schema", kSchema},
                {"bug", taxonomy::BugJson(*details.bug)},
                {"imported", details.bug->imported},
                {"rules", rules},
                {"lint_checks", details.lint_checks},
                {"faults", details.faults},
                {"reproduced", details.reproduced}});
}

std::string StatisticsText(const BugStatistics& s) {
  std::string text = absl::StrFormat("%d bugs, %d of them imported; %d have a signature on record\n", s.bugs,
                                     s.imported, s.with_signature);
  text += Field("note", kSelection);
  return text + CountLines("Repository", s.by_repo) + CountLines("Symptom", s.by_symptom) +
         CountLines("Shows as", s.by_manifestation) + CountLines("Root cause", s.by_root_cause);
}

std::string StatisticsJson(const BugStatistics& s) {
  return Write({{"schema", kSchema},
                {"bugs", s.bugs},
                {"imported", s.imported},
                {"with_signature", s.with_signature},
                {"note", kSelection},
                {"repositories", Counts(s.by_repo)},
                {"symptoms", Counts(s.by_symptom)},
                {"manifestations", Counts(s.by_manifestation)},
                {"root_causes", Counts(s.by_root_cause)}});
}

}  // namespace rankle::cli
