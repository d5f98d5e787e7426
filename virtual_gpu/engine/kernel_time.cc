#include "virtual_gpu/engine/kernel_time.h"

#include <fnmatch.h>

#include <charconv>

namespace rankle::vgpu {
namespace {

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The next comma that is not inside brackets or parentheses, so that C++ signatures can be patterns.
size_t EntryEnd(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<' || text[i] == '(' || text[i] == '[') ++depth;
    if (text[i] == '>' || text[i] == ')' || text[i] == ']') --depth;
    if (text[i] == ',' && depth <= 0) return i;
  }
  return text.size();
}

}  // namespace

std::optional<uint64_t> ParseDurationNs(std::string_view text) {
  text = Trim(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  const std::string_view unit = Trim(text.substr(end - text.data()));
  double scale = 0;
  if (unit == "ns") scale = 1;
  if (unit == "us" || unit.empty()) scale = 1e3;
  if (unit == "ms") scale = 1e6;
  if (unit == "s") scale = 1e9;
  if (scale == 0 || number * scale > 1e18) return std::nullopt;
  return static_cast<uint64_t>(number * scale);
}

std::string PlainKernelName(std::string_view signature) {
  int depth = 0;
  size_t end = signature.size();
  for (size_t i = 0; i < signature.size(); ++i) {  // the name ends where template or call arguments begin
    if (signature[i] == '<' || signature[i] == '(') {
      end = i;
      break;
    }
  }
  size_t begin = end;
  while (begin > 0) {
    const char c = signature[begin - 1];
    if (depth == 0 && (c == ' ' || c == ':')) break;
    --begin;
  }
  return std::string(signature.substr(begin, end - begin));
}

KernelTimes KernelTimes::Parse(std::string_view text, std::vector<std::string>* errors) {
  KernelTimes times;
  while (!Trim(text).empty()) {
    const size_t end = EntryEnd(text);
    const std::string_view entry = Trim(text.substr(0, end));
    text.remove_prefix(end < text.size() ? end + 1 : end);
    const size_t equals = entry.rfind('=');
    const bool bare = equals == std::string_view::npos;
    const std::optional<uint64_t> duration = ParseDurationNs(bare ? entry : entry.substr(equals + 1));
    if (!duration) {
      errors->push_back(std::string(entry));
      continue;
    }
    times.rules_.push_back({bare ? "*" : std::string(Trim(entry.substr(0, equals))), *duration});
  }
  return times;
}

uint64_t KernelTimes::DurationNs(const std::string& mangled, const std::string& signature) const {
  if (rules_.empty()) return 0;
  const std::string plain = PlainKernelName(signature);
  for (const Rule& rule : rules_) {
    for (const std::string* name : {&mangled, &signature, &plain}) {
      if (fnmatch(rule.pattern.c_str(), name->c_str(), 0) == 0) return rule.duration_ns;
    }
  }
  return 0;
}

}  // namespace rankle::vgpu
