// Joins values to a string. Debian's Abseil is built for C++14: its string_view is not std::string_view,
// which absl::StrCat therefore refuses.
#pragma once

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace rankle::cli {

template <typename Part>
const Part& AbslPart(const Part& part) {
  return part;
}
inline absl::string_view AbslPart(std::string_view part) { return {part.data(), part.size()}; }

template <typename... Parts>
std::string Cat(const Parts&... parts) {
  return absl::StrCat(AbslPart(parts)...);
}

// The other way round.
inline std::string_view StdView(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace rankle::cli
