// Joining texts. Debian's Abseil has a string_view of its own, which its StrCat needs and std::string_view is
// not.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rankle::plan {

inline void AppendText(std::string& to, std::string_view text) { to.append(text); }
inline void AppendText(std::string& to, std::integral auto number) {
  char digits[24];
  to.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  (AppendText(text, parts), ...);
  return text;
}

template <typename Range>
std::string Join(const Range& parts, std::string_view separator) {
  std::string text;
  bool first = true;
  for (const auto& part : parts) {
    if (!first) text.append(separator);
    first = false;
    AppendText(text, part);
  }
  return text;
}

inline std::string Message(const absl::Status& status) { return std::string(status.message()); }
inline absl::Status Invalid(std::string_view what) {
  return absl::InvalidArgumentError(absl::string_view(what.data(), what.size()));
}

}  // namespace rankle::plan
