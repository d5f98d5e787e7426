#include "detectors/lint/baseline.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "detectors/lint/paths.h"

namespace rankle::lint {

namespace {
constexpr char kSchema[] = "rankle.lint-baseline/1";
}

std::string BaselineText(const std::vector<Finding>& findings, const std::string& root) {
  std::string text = absl::StrCat("{\"schema\": \"", kSchema, "\", \"findings\": [");
  const char* separator = "\n";
  for (const Finding& finding : findings) {
    const nlohmann::ordered_json row{{"identity", finding.identity},
                                     {"check", finding.check},
                                     {"file", RelativeTo(root, finding.place.file)},
                                     {"function", finding.function_name},
                                     {"message", finding.message}};
    text += separator + row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    separator = ",\n";
  }
  return text + "\n]}\n";
}

absl::StatusOr<std::set<std::string>> ParseBaseline(const std::string& text, const std::string& name) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("schema", nlohmann::json()) != kSchema || !json.contains("findings") ||
      !json["findings"].is_array())
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": not a baseline of rankle lint: make one with --write-baseline"));
  std::set<std::string> identities;
  for (const nlohmann::json& finding : json["findings"]) {
    const auto identity = finding.is_object() ? finding.find("identity") : finding.end();
    if (identity == finding.end() || !identity->is_string())
      return absl::InvalidArgumentError(absl::StrCat(name, ": a finding without identity: make it anew"));
    identities.insert(identity->get<std::string>());
  }
  return identities;
}

}  // namespace rankle::lint
