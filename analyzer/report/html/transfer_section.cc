#include "analyzer/report/html/transfer_section.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "analyzer/facts/facts.h"
#include "analyzer/report/html/grid.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/matrix_view.h"
#include "analyzer/report/html/scale.h"
#include "analyzer/report/html/svg.h"

namespace rankle::html {
namespace {

// Three panels side by side.
constexpr double kLabels = 74, kPanelGap = 26, kTop = 60, kBelow = 24;
constexpr double kWidestCell = 34, kStrip = 8;  // gap between a panel and its strip of effects
// Cells that are wide enough for a number.
constexpr double kNumberCell = 26;
constexpr size_t kMostListed = 10;

// Factors are compared as ratios: twice is as far from normal as half.
int ColourOfFactor(double factor, double top) { return ColourOf(std::log(factor), std::log(top)); }

class MatrixDrawing {
 public:
  MatrixDrawing(const Context& context, const MatrixView& view, bool per_mib)
      : store_(*context.store),
        slow_(context.facts->slow_transfers),
        parts_(context.parts),
        view_(view),
        per_mib_(per_mib) {
    // The middle panel has a column more, for the senders' effects.
    const double n = static_cast<double>(view.bins.size());
    cell_ = std::min(kWidestCell, (kDrawingWidth - kLabels - 2 * kPanelGap - kStrip - 6) / (3 * n + 1));
  }

  std::string Draw() {
    const double n = static_cast<double>(view_.bins.size()), side = n * cell_;
    Svg svg(kTop + side + kStrip + cell_ + kBelow, "Source by destination matrix",
            absl::StrCat("id=\"", per_mib_ ? "matrix-mib" : "matrix", "\""));
    double x = kLabels;
    DrawLabels(svg, x);
    DrawPanel(svg, "measured", "Measured", x, [](const MatrixCellView& c) { return c.measured; });
    OutlineLinks(svg, x);
    x += side + kPanelGap;
    DrawPanel(svg, "expected", "Sender × receiver", x, [](const MatrixCellView& c) { return c.expected; });
    DrawEffects(svg, x, side);
    OutlineEffects(svg, x, side);
    x += side + kStrip + cell_ + kPanelGap;
    DrawPanel(svg, "left", "Left over: the link", x, [](const MatrixCellView& c) { return c.left; });
    OutlineLinks(svg, x);
    svg.Text(4, kTop + side + kStrip + 14, "source ↓", "tick")
        .Text(kLabels, kTop + side + kStrip + 14, "destination →", "tick");
    return svg.Finish();
  }

 private:
  std::string Name(size_t bin) const {
    const auto [first, last] = view_.bins[bin];
    if (first == last) return absl::StrCat(store_.GlobalRank(first));
    return absl::StrCat(store_.GlobalRank(first), "-", store_.GlobalRank(last));
  }

  bool IsGuilty(size_t bin) const {
    const auto [first, last] = view_.bins[bin];
    return std::any_of(parts_.begin() + first, parts_.begin() + last + 1,
                       [](Part part) { return part == Part::kCulprit; });
  }

  // Bins whose labels fit beside each other, `needed` pixels each, and end before `room`: culprits first.
  std::vector<size_t> Labelled(double needed, double room) const {
    std::vector<size_t> chosen;
    const auto add = [&](size_t bin) {
      const bool free = std::all_of(chosen.begin(), chosen.end(), [&](size_t other) {
        return std::abs(static_cast<double>(bin) - static_cast<double>(other)) * cell_ >= needed;
      });
      if (free && (static_cast<double>(bin) + 0.5) * cell_ + needed / 2 <= room) chosen.push_back(bin);
    };
    for (bool guilty : {true, false}) {
      for (size_t bin = 0; bin < view_.bins.size(); ++bin) {
        if (IsGuilty(bin) == guilty) add(bin);
      }
    }
    return chosen;
  }

  void DrawLabels(Svg& svg, double x) const {
    for (size_t i : Labelled(12, kDrawingWidth)) {
      svg.Text(x - 8, kTop + (static_cast<double>(i) + 0.5) * cell_ + 4, Name(i),
               IsGuilty(i) ? "label guilty" : "label", Anchor::kEnd);
    }
  }

  template <typename F>
  void DrawPanel(Svg& svg, const char* name, const char* title, double x, const F& value) const {
    svg.Text(x, 16, title, "heading");
    const double label_width = 8 + 7.0 * static_cast<double>(Name(view_.bins.size() - 1).size());
    std::vector<std::string> columns;
    for (size_t i = 0; i < view_.bins.size(); ++i) columns.push_back(absl::StrCat("to ", Name(i)));
    for (size_t i : Labelled(label_width, kDrawingWidth - x)) {
      svg.Text(x + (static_cast<double>(i) + 0.5) * cell_, kTop - 8, Name(i),
               IsGuilty(i) ? "label guilty" : "label", Anchor::kMiddle);
    }
    std::vector<GridRow> rows;
    for (size_t i = 0; i < view_.bins.size(); ++i) {
      GridRow& row = rows.emplace_back();
      row.label = absl::StrCat("rank ", Name(i)), row.height = cell_;
      for (const MatrixCellView& cell : view_.cells[i]) {
        row.colours.push_back(cell.known ? ColourOfFactor(value(cell), view_.top) : kNoData);
        row.values.push_back(TextOf(cell, value(cell)));
      }
    }
    DrawGrid(svg, {name, x, kTop, cell_, cell_ > 6 ? 1.0 : 0.0, columns}, rows);
    for (size_t i = 0; cell_ >= kNumberCell && i < rows.size(); ++i) {
      for (size_t j = 0; j < rows.size(); ++j) {
        if (view_.cells[i][j].known)
          DrawNumber(svg, x + static_cast<double>(j) * cell_, kTop + static_cast<double>(i) * cell_,
                     value(view_.cells[i][j]));
      }
    }
  }

  std::string TextOf(const MatrixCellView& cell, double factor) const {
    if (!cell.known) return "no traffic timed";
    return absl::StrCat(store_.GlobalRank(cell.source), " → ", store_.GlobalRank(cell.destination), ": ",
                        Factor(factor), " normal, measured ", Duration(cell.measured_s),
                        per_mib_ ? " a MiB" : " a step");
  }

  void DrawNumber(Svg& svg, double x, double y, double factor) const {
    const int colour = ColourOfFactor(factor, view_.top);
    svg.Text(x + (cell_ - 1) / 2, y + cell_ / 2 + 3.5, ShortFactor(factor), absl::StrCat("num on-h", colour),
             Anchor::kMiddle);
  }

  static std::string ShortFactor(double factor) {
    return factor >= 9.95 ? Number(std::round(factor)) : Number(factor);
  }

  // Beside and below the middle panel: the factor of each sender and of each receiver.
  void DrawEffects(Svg& svg, double x, double side) const {
    for (size_t i = 0; i < view_.bins.size(); ++i) {
      const double at = static_cast<double>(i) * cell_;
      DrawEffect(svg, x + side + kStrip, kTop + at, view_.sender[i], absl::StrCat("sends of rank ", Name(i)));
      DrawEffect(svg, x + at, kTop + side + kStrip, view_.receiver[i],
                 absl::StrCat("receives of rank ", Name(i)));
    }
  }

  void DrawEffect(Svg& svg, double x, double y, double factor, const std::string& what) const {
    const double size = cell_ - (cell_ > 6 ? 1 : 0);
    if (factor <= 0) {
      svg.Rect(x, y, size, size, "nodata");
      return;
    }
    svg.Rect(x, y, size, size, absl::StrCat("effect h", ColourOfFactor(factor, view_.top)),
             absl::StrCat(what, ": ", Factor(factor), " normal"));
    if (cell_ >= kNumberCell) DrawNumber(svg, x, y, factor);
  }

  size_t BinOf(int32_t rank) const {
    size_t bin = 0;
    while (bin < view_.bins.size() && view_.bins[bin].second < rank) ++bin;
    return bin;
  }

  void Outline(Svg& svg, double x, double y, size_t row, size_t column) const {
    if (row >= view_.bins.size() || column >= view_.bins.size()) return;
    svg.Rect(x + static_cast<double>(column) * cell_ - 1, y + static_cast<double>(row) * cell_ - 1, cell_ + 1,
             cell_ + 1, "outline");
  }

  // What is significantly slow: links in their cells, senders and receivers in the strips.
  void OutlineLinks(Svg& svg, double x) const {
    for (size_t i = 0; i < std::min(slow_.size(), kMostListed); ++i) {
      if (slow_[i].part == localize::SlowPart::kCell && slow_[i].per_mib == per_mib_)
        Outline(svg, x, kTop, BinOf(slow_[i].source), BinOf(slow_[i].destination));
    }
  }
  void OutlineEffects(Svg& svg, double x, double side) const {
    for (size_t i = 0; i < std::min(slow_.size(), kMostListed); ++i) {
      const localize::SlowTransfer& t = slow_[i];
      if (t.part == localize::SlowPart::kRow) Outline(svg, x + side + kStrip, kTop, BinOf(t.source), 0);
      if (t.part == localize::SlowPart::kColumn)
        Outline(svg, x, kTop + side + kStrip, 0, BinOf(t.destination));
    }
  }

  const store::Store& store_;
  const std::vector<localize::SlowTransfer>& slow_;
  const std::vector<Part>& parts_;
  const MatrixView& view_;
  bool per_mib_;
  double cell_ = 1;
};

std::string Who(const store::Store& store, const localize::SlowTransfer& t) {
  if (t.part == localize::SlowPart::kRow) return absl::StrCat("sends of rank ", store.GlobalRank(t.source));
  if (t.part == localize::SlowPart::kColumn)
    return absl::StrCat("receives of rank ", store.GlobalRank(t.destination));
  return absl::StrCat("link ", store.GlobalRank(t.source), " → ", store.GlobalRank(t.destination));
}

std::string SlowTable(const Context& c) {
  const std::vector<localize::SlowTransfer>& all = c.facts->slow_transfers;
  if (all.empty()) return Paragraph("No sender, receiver or link stands out of the noise.");
  std::string html =
      "<div class=\"draw\"><table><thead><tr><th>significantly slow</th><th class=\"n\">factor</th><th "
      "class=\"n\">measured</th><th class=\"n\">"
      "normal</th><th class=\"n\">links</th><th class=\"n\">timed steps</th><th>compared "
      "with</th></tr></thead><tbody>";
  for (size_t i = 0; i < std::min(all.size(), kMostListed); ++i) {
    const localize::SlowTransfer& t = all[i];
    const char* unit = t.per_mib ? " a MiB" : " a step";
    absl::StrAppend(&html, "<tr><td>", Who(*c.store, t), t.alone ? " (or its only peer)" : "",
                    "</td><td class=\"n\">", Factor(t.factor), "</td><td class=\"n\">",
                    Duration(t.measured_ns * 1e-9), unit, "</td><td class=\"n\">",
                    Duration(t.normal_ns * 1e-9), unit, "</td><td class=\"n\">", Count(t.links),
                    "</td><td class=\"n\">", Count(static_cast<int64_t>(t.steps)), "</td><td>",
                    t.recent ? "its own earlier times" : "links that are alike", "</td></tr>");
  }
  html += "</tbody></table></div>";
  if (all.size() > kMostListed)
    html += Paragraph(absl::StrCat("and ", Count(static_cast<int64_t>(all.size() - kMostListed)), " more"),
                      "mute");
  return html;
}

}  // namespace

Section TransferSection(const Context& c) {
  Section section{"transfers", "Transfers by source and destination", "", ""};
  if (c.store == nullptr || c.facts == nullptr) return section;
  for (const localize::TransferMatrix& matrix : localize::FitTransfers(*c.store)) {
    const MatrixView view = ViewMatrix(matrix);
    if (section.body.empty()) section.body = SlowTable(c);
    absl::StrAppend(&section.body, "<h3>", matrix.per_mib ? "Large steps, time for a MiB" : "Steps",
                    " <span class=\"mute\">", Counted(static_cast<int64_t>(view.links), "link"), " of ",
                    Counted(static_cast<int64_t>(view.ranks), "rank"), "</span></h3>",
                    MatrixDrawing(c, view, matrix.per_mib).Draw(), "<p class=\"keys\">",
                    ColourLegend("times the normal time", "1×", Factor(view.top)),
                    Swatch("nodata", "no traffic timed"), "</p>");
  }
  if (section.body.empty()) return section;
  section.lead = Paragraph(
      "Lower decile of each link's steps over the normal time of links that are alike. It is fitted as base "
      "× sender × receiver × link: "
      "the middle panel is what slow senders and receivers (strips beside and below) explain, the right one "
      "what only the link explains.",
      "lead");
  return section;
}

}  // namespace rankle::html
