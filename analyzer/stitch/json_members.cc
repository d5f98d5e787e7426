#include "analyzer/stitch/json_members.h"

#include <algorithm>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace rankle::stitch {
namespace {

bool ReadHex16(const Json& value, uint64_t& number) {
  if (!value.is_string()) return false;
  const std::string& text = value.get_ref<const std::string&>();
  return text.size() == 16 && absl::SimpleHexAtoi(text, &number) && text.find_first_of("xX") == text.npos;
}

}  // namespace

std::string Hex16(uint64_t number) { return absl::StrFormat("%016x", number); }

Json ParseLine(std::string_view line, const std::string& place, absl::Status& status) {
  std::vector<std::set<std::string>> seen;  // keys of the objects that are open
  std::string twice;
  // The parser itself keeps the last of two equal keys without a word.
  const Json::parser_callback_t note_keys = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) seen.emplace_back();
    if (event == Json::parse_event_t::object_end) seen.pop_back();
    if (event == Json::parse_event_t::key && !seen.back().insert(parsed.get<std::string>()).second) {
      twice = parsed.get<std::string>();
    }
    return true;
  };
  Json value = Json::parse(line, note_keys, /*allow_exceptions=*/false);
  if (!status.ok()) return value;
  if (value.is_discarded()) {
    status = absl::InvalidArgumentError(
        absl::StrCat(place, ": not valid JSON: a record is one JSON object on one line"));
  } else if (!value.is_object()) {
    status = absl::InvalidArgumentError(
        absl::StrCat(place, ": a JSON ", value.type_name(), ": a record is one JSON object on one line"));
  } else if (!twice.empty()) {
    status = absl::InvalidArgumentError(
        absl::StrCat(place, ": member \"", twice, "\" is given twice: leave one of them out"));
  }
  return value;
}

Members::Members(const Json& object, std::string place, absl::Status& status)
    : object_(object), place_(std::move(place)), status_(status) {
  if (!object.is_object()) Fail(absl::StrCat("must be an object, not a JSON ", object.type_name()));
}

Members::~Members() {
  if (!status_.ok()) return;
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    Fail(absl::StrCat("unknown member \"", key, "\": known are ", absl::StrJoin(known_, ", ")));
    return;
  }
}

void Members::Fail(const std::string& what) {
  if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(place_, ": ", what));
}

std::string Members::place(const std::string& key) const { return absl::StrCat(place_, ": ", key); }

const Json* Members::Find(const char* key) {
  known_.emplace_back(key);
  if (!status_.ok()) return nullptr;
  const auto it = object_.find(key);
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

bool Members::Has(const char* key) const { return object_.is_object() && object_.contains(key); }

std::string Members::Text(const char* key) {
  const Json* value = Find(key);
  if (value == nullptr) return "";
  if (value->is_string()) return value->get<std::string>();
  Fail(absl::StrCat("\"", key, "\" must be text, not a JSON ", value->type_name()));
  return "";
}

uint64_t Members::Count(const char* key) {
  const Json* value = Find(key);
  if (value == nullptr) return 0;
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  Fail(absl::StrCat("\"", key, "\" must be a whole number of at least 0"));
  return 0;
}

int64_t Members::Integer(const char* key) {
  const Json* value = Find(key);
  if (value == nullptr) return 0;
  const bool fits = value->is_number_unsigned() ? value->get<uint64_t>() <= uint64_t{INT64_MAX}
                                                : value->is_number_integer();
  if (fits) return value->get<int64_t>();
  Fail(absl::StrCat("\"", key, "\" must be a whole number of 64 bits"));
  return 0;
}

bool Members::Flag(const char* key) {
  const Json* value = Find(key);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  Fail(absl::StrCat("\"", key, "\" must be true or false"));
  return false;
}

uint64_t Members::Number16(const char* key) {
  const Json* value = Find(key);
  uint64_t number = 0;
  if (value != nullptr && !ReadHex16(*value, number)) {
    Fail(absl::StrCat("\"", key, "\" must be a text of 16 hexadecimal digits"));
  }
  return number;
}

std::vector<uint64_t> Members::Numbers16(const char* key, size_t most) {
  std::vector<uint64_t> numbers;
  const Json* list = List(key, most);
  if (list == nullptr) return numbers;
  numbers.reserve(list->size());
  for (const Json& item : *list) {
    uint64_t number = 0;
    if (!ReadHex16(item, number)) {
      Fail(absl::StrCat("\"", key, "\" must be a list of texts of 16 hexadecimal digits"));
      return {};
    }
    numbers.push_back(number);
  }
  return numbers;
}

const Json* Members::List(const char* key, size_t most) {
  const Json* value = Find(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    Fail(absl::StrCat("\"", key, "\" must be a list, not a JSON ", value->type_name()));
    return nullptr;
  }
  if (value->size() > most) {
    Fail(absl::StrCat("\"", key, "\" has ", value->size(), " values, at most ", most,
                      " are read: hash what differs less finely"));
    return nullptr;
  }
  return value;
}

const Json* Members::Object(const char* key) {
  const Json* value = Find(key);
  if (value == nullptr || value->is_object()) return value;
  Fail(absl::StrCat("\"", key, "\" must be an object, not a JSON ", value->type_name()));
  return nullptr;
}

size_t Members::Choice(const char* key, const std::vector<std::string>& choices, size_t fallback) {
  const Json* value = Find(key);
  if (value == nullptr) return fallback;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (*value == choices[i]) return i;
  }
  Fail(absl::StrCat("\"", key, "\" must be one of ", absl::StrJoin(choices, ", ")));
  return fallback;
}

}  // namespace rankle::stitch
