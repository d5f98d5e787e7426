#include "analyzer/rules/rule.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "analyzer/rules/embedded_rules.h"

namespace rankle::rules {
namespace {

using Json = nlohmann::json;
using store::Value;

std::string Trim(absl::string_view text) { return std::string(absl::StripAsciiWhitespace(text)); }

absl::Status ErrorAt(const std::string& file, int line, const std::string& message) {
  return absl::InvalidArgumentError(absl::StrCat(file, ":", line, ": ", message));
}

std::vector<std::string> SplitList(const std::string& text) {
  std::vector<std::string> list;
  for (absl::string_view item : absl::StrSplit(text, ';', absl::SkipWhitespace())) list.push_back(Trim(item));
  return list;
}

// "distributed_communication_error 0.6; concurrency_error 0.2"
absl::Status ParseRootCauses(const std::string& text, const std::string& file, int line, Rule& rule) {
  for (const std::string& item : SplitList(text)) {
    const std::vector<std::string> words = absl::StrSplit(item, ' ', absl::SkipEmpty());
    double weight = 0;
    if (words.size() != 2 || !absl::SimpleAtod(words[1], &weight) || weight < 0 || weight > 1) {
      return ErrorAt(file, line,
                     absl::StrCat("root_causes: \"", item, "\" is not a name and a weight from 0 to 1"));
    }
    rule.root_causes.emplace_back(words[0], weight);
  }
  return absl::OkStatus();
}

absl::Status SetField(const std::string& key, const std::string& value, const std::string& file, int line,
                      Rule& rule) {
  const std::map<std::string, std::string*> texts = {{"id", &rule.id},
                                                     {"class", &rule.anomaly},
                                                     {"view", &rule.view},
                                                     {"severity", &rule.severity},
                                                     {"description", &rule.description},
                                                     {"symptom", &rule.symptom},
                                                     {"advice", &rule.advice}};
  if (const auto it = texts.find(key); it != texts.end()) {
    *it->second = value;
  } else if (key == "look_alikes") {
    rule.look_alikes = SplitList(value);
  } else if (key == "references") {
    rule.references = SplitList(value);
  } else if (key == "root_causes") {
    return ParseRootCauses(value, file, line, rule);
  } else {
    return ErrorAt(file, line, absl::StrCat("unknown header key \"", key, "\""));
  }
  return absl::OkStatus();
}

int LineOfOffset(const std::string& text, int offset) {
  if (offset < 0) return 1;
  const auto end = text.begin() + std::min<size_t>(text.size(), static_cast<size_t>(offset));
  return 1 + static_cast<int>(std::count(text.begin(), end, '\n'));
}

// Other rules read views, so those come first.
void SortViewsFirst(std::vector<Rule>& rules) {
  std::stable_partition(rules.begin(), rules.end(), [](const Rule& rule) { return !rule.view.empty(); });
}

// "near \"FORM\": syntax error (offset 123)" -> file:line: near ... The statement was the rule's text behind
// `prefix` bytes.
absl::Status SqlError(const Rule& rule, const absl::Status& status, size_t prefix) {
  const std::string message(status.message());
  const size_t at = message.rfind(" (offset ");
  int offset = -1;
  if (at == std::string::npos || !absl::SimpleAtoi(message.substr(at + 9, message.size() - at - 10), &offset))
    offset = -1;
  if (offset >= 0) offset = std::max(0, offset - static_cast<int>(prefix));
  return ErrorAt(rule.file, LineOfOffset(rule.sql, offset), message.substr(0, at));
}

// Reads the columns of a result row by name.
class Row {
 public:
  Row(const store::QueryResult& result, size_t row) : result_(result), row_(row) {}

  std::string Text(const char* column) const {
    const Value value = At(column);
    const auto* text = std::get_if<std::string>(&value);
    return text == nullptr ? "" : *text;
  }
  double Number(const char* column) const {
    const Value value = At(column);
    if (const auto* i = std::get_if<int64_t>(&value)) return static_cast<double>(*i);
    const auto* d = std::get_if<double>(&value);
    return d == nullptr ? 0 : *d;
  }
  template <typename T>
  std::vector<T> List(const char* column) const {
    const Json json = Json::parse(Text(column), nullptr, false);
    std::vector<T> list;
    if (!json.is_array()) return list;
    for (const Json& item : json) {
      try {
        list.push_back(item.get<T>());
      } catch (const Json::exception&) {  // an element of another type is left out
      }
    }
    return list;
  }

 private:
  Value At(const char* column) const {
    const int index = result_.ColumnIndex(column);
    return index < 0 ? Value{} : result_.rows[row_][static_cast<size_t>(index)];
  }
  const store::QueryResult& result_;
  size_t row_;
};

// A rule that answers nonsense is as wrong as one that does not compile.
absl::Status CheckRow(const Rule& rule, const Row& row, size_t number) {
  const auto error = [&](const std::string& what) {
    return absl::InvalidArgumentError(
        absl::StrCat(rule.file, ": row ", number + 1, " of the result: ", what));
  };
  const double confidence = row.Number("confidence");
  if (confidence < 0 || confidence > 1)
    return error(absl::StrCat("confidence ", confidence, " is not within 0 and 1"));
  for (const char* column : {"ranks", "victims", "links", "hosts", "evidence"}) {
    const std::string text = row.Text(column);
    if (!text.empty() && !Json::parse(text, nullptr, false).is_array())
      return error(absl::StrCat("column ", column, " is no JSON list: ", text));
  }
  return absl::OkStatus();
}

Finding ToFinding(const Rule& rule, const Row& row) {
  Finding f;
  f.rule = &rule;
  f.confidence = row.Number("confidence");
  f.ranks = row.List<int32_t>("ranks");
  f.victims = row.List<int32_t>("victims");
  std::sort(f.ranks.begin(), f.ranks.end()), std::sort(f.victims.begin(), f.victims.end());
  f.links = row.List<std::pair<int32_t, int32_t>>("links");
  f.hosts = row.List<std::string>("hosts");
  f.evidence = row.List<std::string>("evidence");
  f.communicator = row.Text("communicator"), f.op = row.Text("op"), f.summary = row.Text("summary");
  f.seq = static_cast<int64_t>(row.Number("seq"));
  f.since_s = row.Number("since_s"), f.at_s = row.Number("at_s");
  f.effect_s = row.Number("effect_s");
  return f;
}

}  // namespace

std::span<const char* const> Classes() {
  static constexpr const char* kClasses[] = {
      "healthy",          "unknown",         "hang.not_entered", "hang.in_collective",
      "hang.mismatch",    "hang.deadlock",   "hang.init",        "hang.exit",
      "crash.process",    "crash.cuda",      "crash.nccl",       "crash.oom",
      "crash.exception",  "slow.compute",    "slow.link",        "slow.rank_tx",
      "slow.rank_rx",     "slow.input",      "slow.mixed",       "slow.global",
      "wrong.corruption", "wrong.nonfinite", "wrong.divergence", "memory.growth",
      "memory.imbalance", "misuse"};
  return kClasses;
}

absl::StatusOr<Rule> ParseRule(const std::string& text, const std::string& file) {
  Rule rule;
  rule.sql = text, rule.file = file;
  std::string key, value;
  int line = 0, key_line = 0;
  const auto flush = [&] {
    return key.empty() ? absl::OkStatus() : SetField(key, value, file, key_line, rule);
  };
  for (absl::string_view raw : absl::StrSplit(text, '\n')) {
    ++line;
    if (!absl::ConsumePrefix(&raw, "--")) break;  // the header ends at the first line that is no comment
    const std::string content = Trim(raw);
    const size_t colon = content.find(':');
    const bool continues = raw.size() > 3 && raw.substr(0, 3) == "   ";
    if (continues) {
      absl::StrAppend(&value, " ", content);
    } else if (colon != std::string::npos && content.find(' ') > colon) {
      if (absl::Status status = flush(); !status.ok()) return status;
      key = content.substr(0, colon), value = Trim(content.substr(colon + 1)), key_line = line;
    } else {
      break;  // a free comment ends the header too
    }
  }
  if (absl::Status status = flush(); !status.ok()) return status;
  const auto* kind = rule.view.empty() ? &rule.anomaly : &rule.view;
  for (const auto& [name, field] : {std::pair("id", &std::as_const(rule.id)), std::pair("class", kind)}) {
    if (field->empty())
      return ErrorAt(file, 1, absl::StrCat("the header has no \"-- ", name, ": ...\" line"));
  }
  if (rule.view.empty() && std::ranges::find(Classes(), rule.anomaly) == Classes().end())
    return ErrorAt(file, 1,
                   absl::StrCat("\"", rule.anomaly, "\" is no class of anomaly; see docs/diagnosis.md"));
  if (rule.severity.empty()) rule.severity = "error";
  return rule;
}

std::vector<Rule> BuiltInRules(std::vector<std::string>& problems) {
  std::vector<Rule> rules;
  for (const EmbeddedRule& embedded : kEmbeddedRules) {
    auto rule = ParseRule(embedded.text, embedded.file);
    rule.ok() ? rules.push_back(*std::move(rule)) : void(problems.emplace_back(rule.status().message()));
  }
  SortViewsFirst(rules);
  return rules;
}

absl::Status AddRulesFrom(const std::string& directory, std::vector<Rule>& rules,
                          std::vector<std::string>& problems) {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error) {
    return absl::NotFoundError(
        absl::StrCat(directory, ": the rule directory cannot be read: ", error.message()));
  }
  std::vector<std::string> files;
  for (const auto& entry : entries) {
    if (entry.path().extension() == ".sql") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    auto rule = ParseRule(text.str(), file);
    if (!rule.ok()) {
      problems.emplace_back(rule.status().message());
      continue;
    }
    std::erase_if(rules, [&](const Rule& known) { return known.id == rule->id; });
    rules.push_back(*std::move(rule));
  }
  SortViewsFirst(rules);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Finding>> RunRule(const Rule& rule, store::Database& database) {
  const std::string prefix =
      rule.view.empty() ? "" : absl::StrCat("CREATE VIEW IF NOT EXISTS ", rule.view, " AS ");
  auto result = database.Query(prefix + rule.sql);
  if (!result.ok()) return SqlError(rule, result.status(), prefix.size());
  std::vector<Finding> findings;
  for (size_t i = 0; i < result->rows.size(); ++i) {
    const Row row(*result, i);
    if (absl::Status status = CheckRow(rule, row, i); !status.ok()) return status;
    findings.push_back(ToFinding(rule, row));
  }
  return findings;
}

}  // namespace rankle::rules
