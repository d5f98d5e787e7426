// SARIF 2.1.0 (OASIS): one run, a rule for each check that was wanted, paths relative to the root.
#include <cctype>
#include <cstring>
#include <nlohmann/json.hpp>

#include "detectors/lint/output.h"
#include "detectors/lint/paths.h"

namespace rankle::lint {
namespace {

using Json_ = nlohmann::ordered_json;

const char* Level(Severity severity) {
  static constexpr const char* kLevels[] = {"note", "warning", "error"};
  return kLevels[static_cast<int>(severity)];
}

// Percent-encoded, as a relative reference below the root or a file URI.
std::string Encoded(const std::string& path) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string uri;
  for (const char c : path) {
    if (isalnum(static_cast<unsigned char>(c)) || strchr("/-._~+", c)) {
      uri += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return uri;
}

class Writer {
 public:
  explicit Writer(const Report& report) : report_(report) {}

  Json_ Artifact(const std::string& file) const {
    const std::string relative = RelativeTo(report_.root, file);
    if (relative == file) return {{"uri", "file://" + Encoded(file)}};
    return {{"uri", Encoded(relative)}, {"uriBaseId", "SRCROOT"}};
  }

  Json_ Location(const Place& place, const std::string& message) {
    Json_ location{{"physicalLocation",
                    {{"artifactLocation", Artifact(place.file)},
                     {"region",
                      {{"startLine", place.line},
                       {"startColumn", excerpts_.CharacterColumn(place.file, place.line, place.column)}}}}}};
    if (!message.empty()) location["message"] = {{"text", message}};
    return location;
  }

  Json_ Fix(const std::vector<Edit>& edits) {
    Json_ changes = Json_::array();
    for (const Edit& edit : edits) {
      const Excerpts::Position begin = excerpts_.PositionOf(edit.file, edit.begin),
                               end = excerpts_.PositionOf(edit.file, edit.end);
      changes.push_back({{"artifactLocation", Artifact(edit.file)},
                         {"replacements",
                          {{{"deletedRegion",
                             {{"startLine", begin.line},
                              {"startColumn", begin.column},
                              {"endLine", end.line},
                              {"endColumn", end.column}}},
                            {"insertedContent", {{"text", edit.text}}}}}}});
    }
    return {{"description", {{"text", "what rankle lint --fix does"}}}, {"artifactChanges", changes}};
  }

  Json_ Result(const Finding& finding, bool accepted) {
    Json_ result{{"ruleId", finding.check}};
    for (size_t i = 0; i < report_.checks.size(); ++i) {
      if (report_.checks[i].name == finding.check) result["ruleIndex"] = i;
    }
    result["level"] = Level(finding.severity);
    result["message"] = {{"text", finding.message}};
    Json_ location = Location(finding.place, "");
    if (!finding.function_name.empty())
      location["logicalLocations"] = {{{"fullyQualifiedName", finding.function_name}, {"kind", "function"}}};
    result["locations"] = {std::move(location)};
    for (const Note& note : finding.notes)
      result["relatedLocations"].push_back(Location(note.place, note.message));
    result["partialFingerprints"] = {{"rankle/v1", finding.identity}};
    if (!finding.fix.empty()) result["fixes"] = {Fix(finding.fix)};
    result["baselineState"] = accepted ? "unchanged" : "new";
    return result;
  }

  Json_ Notifications() const {
    Json_ notifications = Json_::array();
    for (const UnitReport& unit : report_.units) {
      if (unit.errors == 0 && unit.failure.empty()) continue;
      const std::string text = unit.failure.empty()
                                   ? std::to_string(unit.errors) + " errors; the first: " + unit.first_error
                                   : "not checked: the parser " + unit.failure;
      notifications.push_back(
          {{"level", unit.failure.empty() ? "warning" : "error"},
           {"message", {{"text", text}}},
           {"locations", {{{"physicalLocation", {{"artifactLocation", Artifact(unit.file)}}}}}}});
    }
    return notifications;
  }

  Json_ Rules() const {
    Json_ rules = Json_::array();
    for (const CheckInfo& check : report_.checks) {
      rules.push_back({{"id", check.name},
                       {"shortDescription", {{"text", check.summary}}},
                       {"defaultConfiguration", {{"level", Level(check.severity)}}},
                       {"properties", {{"root_cause", check.root_cause}, {"witness", check.witness}}}});
    }
    return rules;
  }

 private:
  const Report& report_;
  Excerpts excerpts_;
};

}  // namespace

std::string Sarif(const Report& report) {
  Writer writer(report);
  Json_ results = Json_::array();
  for (const Finding& finding : report.findings) results.push_back(writer.Result(finding, false));
  for (const Finding& finding : report.accepted) results.push_back(writer.Result(finding, true));
  const Json_ run{
      {"tool", {{"driver", {{"name", "rankle"}, {"version", RANKLE_VERSION}, {"rules", writer.Rules()}}}}},
      {"columnKind", "unicodeCodePoints"},
      {"originalUriBaseIds", {{"SRCROOT", {{"uri", "file://" + Encoded(report.root) + "/"}}}}},
      {"invocations",
       {{{"executionSuccessful", true}, {"toolExecutionNotifications", writer.Notifications()}}}},
      {"results", std::move(results)}};
  const Json_ log{
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", {run}}};
  return log.dump(1, ' ', false, Json_::error_handler_t::replace) + "\n";
}

}  // namespace rankle::lint
