#include "analyzer/report/html/markup.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/report/xml.h"
#include "analyzer/store/store.h"

namespace rankle::html {
namespace {

// U+202A to U+202E and U+2066 to U+2069, in UTF-8.
bool TurnsDirection(absl::string_view text, size_t at) {
  if (at + 2 >= text.size() || text[at] != '\xe2') return false;
  const auto second = static_cast<unsigned char>(text[at + 1]),
             third = static_cast<unsigned char>(text[at + 2]);
  return (second == 0x80 && third >= 0xaa && third <= 0xae) ||
         (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

// Between a number and its unit: a line does not break there.
constexpr char kSpace[] = "\u00a0";

bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string Escape(absl::string_view text, size_t most) {
  size_t end = text.size();
  if (end > most) {
    end = most;
    while (end > 0 && ContinuesCharacter(text[end])) --end;
  }
  std::string plain;
  plain.reserve(end);
  for (size_t at = 0; at < end; ++at) {
    if (TurnsDirection(text, at)) {
      plain += "\xef\xbf\xbd";
      at += 2;
    } else {
      plain += text[at];
    }
  }
  if (end < text.size()) plain += " …";
  return EscapeXml(plain);
}

std::string Shorten(absl::string_view text, size_t most) {
  size_t characters = 0, cut = text.size();  // where the last character that fits beside "…" ends
  for (size_t at = 0; at < text.size(); ++at) {
    if (ContinuesCharacter(text[at])) continue;
    if (characters + 1 == most) cut = at;
    if (++characters > most) return absl::StrCat(text.substr(0, cut), "…");
  }
  return std::string(text);
}

std::string Duration(double seconds) {
  struct Unit {
    double in_s;
    const char* name;
  };
  static constexpr std::array<Unit, 4> kUnits{{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}}};
  if (seconds == 0) return absl::StrCat("0", kSpace, "s");
  if (std::abs(seconds) >= 600) return absl::StrFormat("%.1f%smin", seconds / 60, kSpace);
  const Unit* unit = &kUnits[0];
  // 0.9995: what would be shown as 1000 of a unit is 1 of the next.
  while (unit != &kUnits.back() && std::abs(seconds) < 0.9995 * unit->in_s) ++unit;
  const double value = seconds / unit->in_s;
  const int digits = std::abs(value) >= 99.95 ? 0 : std::abs(value) >= 9.995 ? 1 : 2;
  return absl::StrFormat("%.*f%s%s", digits, value, kSpace, unit->name);
}

std::string At(double seconds) { return absl::StrFormat("%.3f%ss", seconds, kSpace); }

std::string Count(int64_t number) {
  std::string digits = absl::StrCat(number);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string Counted(int64_t number, absl::string_view what) {
  return absl::StrCat(Count(number), " ", what, number == 1 ? "" : "s");
}

std::string Factor(double factor) { return absl::StrFormat("%.*f×", factor < 9.95 ? 2 : 0, factor); }

std::string Percent(double share) { return absl::StrFormat("%.0f%s%%", 100 * share, kSpace); }

std::string Ranks(std::vector<int32_t> global_ranks, size_t most_bytes) {
  const size_t count = global_ranks.size();
  std::string list = store::RankList(std::move(global_ranks));
  if (list.size() > most_bytes) {
    const size_t comma = list.rfind(',', most_bytes);
    list = absl::StrCat(list.substr(0, comma == std::string::npos ? most_bytes : comma + 1), " … (",
                        Count(count), ")");
  }
  return absl::StrCat(count == 1 ? "rank " : "ranks ", list);
}

}  // namespace rankle::html
