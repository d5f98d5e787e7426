#include "detectors/checks/rank_names.h"

#include "absl/strings/ascii.h"

namespace rankle::lint {

bool IsRankName(std::string_view name) {
  for (size_t at = 0; at + 4 <= name.size(); ++at) {
    const std::string_view word = name.substr(at, 4);
    if (word != "rank" && word != "Rank" && word != "RANK") continue;
    const char before = at == 0 ? '_' : name[at - 1];
    const char after = at + 4 == name.size() ? '_' : name[at + 4];
    // `nRank` of "number of ranks" is followed by an s, as a rule.
    const bool begins =
        before == '_' || (word == "Rank" && absl::ascii_islower(before)) || absl::ascii_isdigit(before);
    const bool ends =
        after == '_' || absl::ascii_isdigit(after) || (word != "RANK" && absl::ascii_isupper(after));
    if (begins && ends) return true;
  }
  return false;
}

bool MentionsRank(std::string_view value) {
  const auto in_name = [](char c) { return absl::ascii_isalnum(c) || c == '_'; };
  for (size_t begin = 0; begin < value.size();) {
    size_t end = begin;
    while (end < value.size() && in_name(value[end])) ++end;
    if (IsRankName(value.substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace rankle::lint
