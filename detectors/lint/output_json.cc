#include <nlohmann/json.hpp>

#include "detectors/lint/output.h"

namespace rankle::lint {
namespace {

using Json_ = nlohmann::ordered_json;

Json_ PlaceJson(const Place& place) {
  return {{"file", place.file}, {"line", place.line}, {"column", place.column}};
}

Json_ FindingJson(const Finding& finding, bool accepted) {
  Json_ json{{"check", finding.check},     {"severity", SeverityName(finding.severity)},
             {"message", finding.message}, {"function", finding.function_name},
             {"usr", finding.function},    {"identity", finding.identity},
             {"accepted", accepted}};
  json.update(PlaceJson(finding.place));
  for (const Note& note : finding.notes) {
    Json_ row = PlaceJson(note.place);
    row["message"] = note.message;
    json["notes"].push_back(std::move(row));
  }
  for (const Edit& edit : finding.fix)
    json["fix"].push_back(
        {{"file", edit.file}, {"begin", edit.begin}, {"end", edit.end}, {"text", edit.text}});
  return json;
}

}  // namespace

std::string Json(const Report& report) {
  Json_ findings = Json_::array(), units = Json_::array(), checks = Json_::array();
  for (const Finding& finding : report.findings) findings.push_back(FindingJson(finding, false));
  for (const Finding& finding : report.accepted) findings.push_back(FindingJson(finding, true));
  for (const UnitReport& unit : report.units) {
    units.push_back({{"file", unit.file},
                     {"errors", unit.errors},
                     {"first_error", unit.first_error},
                     {"failure", unit.failure},
                     {"cached", unit.cached}});
  }
  for (const CheckInfo& check : report.checks) {
    checks.push_back({{"name", check.name},
                      {"severity", SeverityName(check.severity)},
                      {"summary", check.summary},
                      {"root_cause", check.root_cause},
                      {"witness", check.witness}});
  }
  const Json_ json{{"schema", "rankle.lint/1"}, {"root", report.root},
                   {"seconds", report.seconds}, {"checks", std::move(checks)},
                   {"units", std::move(units)}, {"findings", std::move(findings)}};
  return json.dump(1, ' ', false, Json_::error_handler_t::replace) + "\n";
}

}  // namespace rankle::lint
