#include "detectors/checks/suppression.h"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace rankle::lint {
namespace {

constexpr std::string_view kMarker = "NOLINT";

bool IsNamed(std::string_view list, std::string_view check) {
  const std::string full(check), bare(check.starts_with("nccl-") ? check.substr(5) : check);
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string pattern(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    std::erase_if(pattern, [](unsigned char c) { return std::isspace(c); });
    for (const std::string& name : {full, "rankle-" + bare, "rankle-" + full}) {
      if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0) return true;
    }
  }
  return false;
}

}  // namespace

Suppressions::Suppressions(std::string_view text) : text_(text) {
  for (size_t at = text.find(kMarker); at != std::string_view::npos; at = text.find(kMarker, at + 1)) {
    std::string_view rest = text.substr(at + kMarker.size());
    Kind kind = Kind::kLine;
    for (const auto& [word, meaning] : {std::pair<std::string_view, Kind>{"NEXTLINE", Kind::kNextLine},
                                        {"BEGIN", Kind::kBegin},
                                        {"END", Kind::kEnd}}) {
      if (!rest.starts_with(word)) continue;
      kind = meaning;
      rest.remove_prefix(word.size());
      break;
    }
    const bool list = rest.starts_with("(");
    if (!list && !rest.empty() && (std::isalnum(static_cast<unsigned char>(rest[0])) || rest[0] == '_'))
      continue;
    const size_t close = list ? rest.find_first_of(")\n") : 0;
    markers_.push_back(
        {at, kind, !list, list ? rest.substr(1, std::min(close, rest.size()) - 1) : std::string_view()});
  }
}

bool Suppressions::Names(const Marker& marker, std::string_view check) {
  return marker.all || IsNamed(marker.list, check);
}

bool Suppressions::Silence(size_t offset, std::string_view check) const {
  if (markers_.empty() || offset > text_.size()) return false;
  const size_t line = offset == 0 ? 0 : text_.rfind('\n', offset - 1) + 1;  // npos + 1 = 0
  const size_t end = std::min(text_.find('\n', offset), text_.size());
  const size_t before = line < 2 ? 0 : text_.rfind('\n', line - 2) + 1;
  const auto first_behind = std::partition_point(markers_.begin(), markers_.end(),
                                                 [&](const Marker& marker) { return marker.offset < end; });
  for (auto marker = first_behind; marker != markers_.begin();) {
    --marker;
    if (!Names(*marker, check)) continue;
    if (marker->kind == Kind::kLine && marker->offset >= line) return true;
    if (marker->kind == Kind::kNextLine && marker->offset >= before && marker->offset < line) return true;
    // Of the regions the nearest mark counts: pairs do not nest.
    if (marker->kind == Kind::kBegin && marker->offset < line) return true;
    if (marker->kind == Kind::kEnd && marker->offset < line) return false;
  }
  return false;
}

}  // namespace rankle::lint
