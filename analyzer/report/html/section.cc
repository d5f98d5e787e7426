#include "analyzer/report/html/section.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/scale.h"

namespace rankle::html {

Context::Context(const Report& r) : report(r), store(r.store.get()), facts(r.facts.get()) {
  if (store == nullptr) return;
  parts.assign(store->ranks.size(), Part::kOther);
  const auto mark = [&](int32_t global, Part part) {
    const int32_t rank = RankOf(global);
    if (rank != store::kNone) parts[rank] = std::max(parts[rank], part);
  };
  for (int32_t rank : r.verdict.victims) mark(rank, Part::kVictim);
  for (const Link& link : r.verdict.links)
    mark(link.first, Part::kLinkEnd), mark(link.second, Part::kLinkEnd);
  for (int32_t rank : r.verdict.ranks) mark(rank, Part::kCulprit);
  series = localize::FindIterations(*store);
  std::stable_sort(series.begin(), series.end(),
                   [](const auto& a, const auto& b) { return a.iterations.size() > b.iterations.size(); });
  window = ChooseWindow(r, series);
}

int32_t Context::RankOf(int32_t global) const {
  const auto it =
      std::lower_bound(store->ranks.begin(), store->ranks.end(), global,
                       [](const store::Rank& rank, int32_t wanted) { return rank.global < wanted; });
  if (it == store->ranks.end() || it->global != global) return store::kNone;
  return static_cast<int32_t>(it - store->ranks.begin());
}

std::vector<int32_t> Context::Culprits() const {
  std::vector<int32_t> ranks;
  for (size_t r = 0; r < parts.size(); ++r) {
    if (parts[r] == Part::kCulprit) ranks.push_back(static_cast<int32_t>(r));
  }
  return ranks;
}

std::string Paragraph(const std::string& text, const char* cls) {
  if (text.empty()) return "";
  return absl::StrCat("<p", *cls == '\0' ? "" : absl::StrCat(" class=\"", cls, "\""), ">", Escape(text),
                      "</p>");
}

// More than any rule has to say. Longer than any sentence of evidence; what an exception or a log line says
// may be longer.
constexpr size_t kMostItems = 40, kLongestItem = 600;

std::string List(const std::vector<std::string>& items) {
  if (items.empty()) return "";
  std::string html = "<ul>";
  for (size_t i = 0; i < std::min(items.size(), kMostItems); ++i)
    absl::StrAppend(&html, "<li>", Escape(items[i], kLongestItem), "</li>");
  if (items.size() > kMostItems) absl::StrAppend(&html, "<li>", items.size() - kMostItems, " more</li>");
  return html + "</ul>";
}

std::string Swatch(const char* cls, const std::string& meaning) {
  return absl::StrCat(
      "<span class=\"key\"><svg width=\"18\" height=\"12\" aria-hidden=\"true\"><rect width=\"18\" "
      "height=\"12\" rx=\"2\" class=\"",
      cls, "\"/></svg>", Escape(meaning), "</span>");
}

std::string ColourLegend(const std::string& meaning, const std::string& least, const std::string& most) {
  std::string html = absl::StrCat("<span class=\"key\">", Escape(meaning), ": ", Escape(least),
                                  "<svg width=\"", 14 * kColours, "\" height=\"12\" aria-hidden=\"true\">");
  for (int i = 0; i < kColours; ++i) {
    absl::StrAppend(&html, "<rect x=\"", 14 * i, "\" width=\"14\" height=\"12\" class=\"h", i, "\"/>");
  }
  return absl::StrCat(html, "</svg>", Escape(most), "</span>");
}

}  // namespace rankle::html
