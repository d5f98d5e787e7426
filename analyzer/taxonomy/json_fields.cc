#include "analyzer/taxonomy/json_fields.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rankle::taxonomy {

using Json = nlohmann::json;

JsonFields::JsonFields(std::string_view line, std::string place) : place_(std::move(place)) {
  std::set<std::string> seen;
  std::string twice;
  // The parser itself keeps the last of two equal keys without a word.
  const Json::parser_callback_t note_keys = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key && depth == 1 && !seen.insert(parsed.get<std::string>()).second &&
        twice.empty()) {
      twice = parsed.get<std::string>();
    }
    return true;
  };
  object_ = Json::parse(line, note_keys, /*allow_exceptions=*/false);
  if (object_.is_discarded()) {
    Fail("this is not valid JSON; a record is one JSON object on one line");
  } else if (!object_.is_object()) {
    Fail(absl::StrCat("a record is a JSON object, this is a JSON ", object_.type_name()));
  } else if (!twice.empty()) {
    Fail(absl::StrCat("field \"", twice, "\" is given twice"));
  }
}

void JsonFields::Fail(std::string_view what) {
  if (status_.ok()) {
    status_ =
        absl::InvalidArgumentError(absl::StrCat(place_, ": ", absl::string_view(what.data(), what.size())));
  }
}

const Json* JsonFields::Find(const char* key, Presence presence) {
  known_.emplace_back(key);
  if (!status_.ok()) return nullptr;
  const auto it = object_.find(key);
  if (it != object_.end() && !it->is_null()) return &*it;
  if (presence == kRequired) Fail(absl::StrCat("field \"", key, "\" is missing"));
  return nullptr;
}

std::string JsonFields::Text(const char* key, Presence presence) {
  const Json* value = Find(key, presence);
  if (value == nullptr) return "";
  if (!value->is_string()) {
    Fail(absl::StrCat("field \"", key, "\" must be text, not ", value->type_name()));
    return "";
  }
  std::string text = value->get<std::string>();
  if (text.empty() && presence == kRequired) Fail(absl::StrCat("field \"", key, "\" is empty"));
  return text;
}

std::optional<int64_t> JsonFields::Integer(const char* key) {
  const Json* value = Find(key, kOptional);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer()) return value->get<int64_t>();
  Fail(absl::StrCat("field \"", key, "\" must be a whole number, not ", value->type_name()));
  return std::nullopt;
}

std::optional<double> JsonFields::Number(const char* key) {
  const Json* value = Find(key, kOptional);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  Fail(absl::StrCat("field \"", key, "\" must be a number, not ", value->type_name()));
  return std::nullopt;
}

std::vector<std::string> JsonFields::Texts(const char* key) {
  const Json* value = Find(key, kOptional);
  if (value == nullptr) return {};
  const bool all_texts = value->is_array() && std::all_of(value->begin(), value->end(),
                                                          [](const Json& item) { return item.is_string(); });
  if (!all_texts) {
    Fail(absl::StrCat("field \"", key, "\" must be a list of texts"));
    return {};
  }
  return value->get<std::vector<std::string>>();
}

absl::Status JsonFields::Finish() {
  if (!status_.ok()) return status_;
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    Fail(absl::StrCat("unknown field \"", key, "\"; known are ", absl::StrJoin(known_, ", ")));
    break;
  }
  return status_;
}

}  // namespace rankle::taxonomy
