#include "analyzer/import/logs/docker_line.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rankle::import {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view SkipBlanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

}  // namespace

bool IsDockerLine(std::string_view line) {
  return line.starts_with("{\"log\":\"") || line.starts_with("{\"log\": \"");
}

std::string_view UnpackDockerLine(std::string_view line, std::string& unpacked) {
  if (!IsDockerLine(line)) return line;
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json["log"].is_string()) return line;
  unpacked = json["log"].get<std::string>();
  while (unpacked.ends_with('\n')) unpacked.pop_back();
  return unpacked;
}

bool MayBeJson(std::string_view first_bytes) {
  std::string_view text = SkipBlanks(first_bytes);
  if (text.empty()) return false;
  const bool object = text[0] == '{';
  if (!object && text[0] != '[') return false;
  text = SkipBlanks(text.substr(1));
  if (text.empty()) return true;
  if (object) return text[0] == '"' || text[0] == '}';
  if (text[0] == '{' || text[0] == '[' || text[0] == '"') return true;
  for (const std::string_view word :
       {std::string_view("true"), std::string_view("false"), std::string_view("null")}) {
    if (text.starts_with(word)) return true;
  }
  // Numbers up to the end of the array, and nothing behind it.
  const size_t end = text.find_first_not_of("0123456789.eE+-, \t\r\n");
  if (end == std::string_view::npos) return true;
  return text[end] == ']' && SkipBlanks(text.substr(end + 1)).empty();
}

}  // namespace rankle::import
