#include "detectors/checks/suppression.h"

#include <fnmatch.h>

#include <string>

namespace rankle::lint {
namespace {

std::string_view LineAt(std::string_view text, size_t offset) {
  const size_t begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;  // npos + 1 = 0
  return text.substr(begin, text.find('\n', begin) - begin);
}

bool IsNamed(std::string_view list, std::string_view check) {
  const std::string full(check), bare(check.starts_with("nccl-") ? check.substr(5) : check);
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string pattern(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    const size_t first = pattern.find_first_not_of(" \t");
    if (first == std::string::npos) continue;
    pattern = pattern.substr(first, pattern.find_last_not_of(" \t") - first + 1);
    for (const std::string& name : {full, "rankle-" + bare, "rankle-" + full}) {
      if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0) return true;
    }
  }
  return false;
}

// Does the line hold the marker, for this check?
bool Has(std::string_view line, std::string_view marker, std::string_view check) {
  for (size_t at = line.find(marker); at != std::string_view::npos; at = line.find(marker, at + 1)) {
    const std::string_view rest = line.substr(at + marker.size());
    if (rest.starts_with("(")) {
      if (IsNamed(rest.substr(1, rest.find(')') - 1), check)) return true;
    } else if (rest.empty() || !(isalnum(static_cast<unsigned char>(rest[0])) || rest[0] == '_')) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool IsSuppressed(std::string_view text, size_t offset, std::string_view check) {
  if (offset > text.size()) return false;
  const std::string_view line = LineAt(text, offset);
  if (Has(line, "NOLINT", check)) return true;
  const size_t begin = static_cast<size_t>(line.data() - text.data());
  if (begin > 0 && Has(LineAt(text, begin - 1), "NOLINTNEXTLINE", check)) return true;
  // Nearest BEGIN or END before: pairs do not nest.
  for (size_t at = begin; at > 0;) {
    const std::string_view before = LineAt(text, at - 1);
    if (Has(before, "NOLINTEND", check)) return false;
    if (Has(before, "NOLINTBEGIN", check)) return true;
    at = static_cast<size_t>(before.data() - text.data());
  }
  return false;
}

}  // namespace rankle::lint
