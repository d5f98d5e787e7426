#include "analyzer/report/html/lateness_section.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analyzer/localize/median.h"
#include "analyzer/report/html/grid.h"
#include "analyzer/report/html/lateness_map.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/scale.h"
#include "analyzer/report/html/svg.h"

namespace rankle::html {
namespace {

constexpr double kLeft = 104, kRight = kDrawingWidth - 84;  // of the cells; right of them their means
constexpr double kPace = 64, kPaceTop = 18;                 // the chart of iteration lengths
constexpr double kGapBelowPace = 26, kAxis = 34, kGapBelowNamed = 8;
constexpr double kNamedRow = 16, kWidestCell = 48;

// Rows of few ranks are high enough for a label each.
double RowHeight(size_t rows) { return rows <= 16 ? 18 : rows <= 32 ? 14 : 6; }

std::string Late(double s) { return s > 0 ? absl::StrCat("+", Duration(s)) : Duration(0); }

// Without step marks, what is counted is the collectives of each rank's largest communicator (own_time.h).
const char* CountedBy(const LatenessMap& map) { return map.by_steps ? "step" : "collective"; }

class LatenessDrawing {
 public:
  LatenessDrawing(const Context& context, const LatenessMap& map)
      : c_(context),
        store_(*context.store),
        map_(map),
        cell_(std::min(kWidestCell, (kRight - kLeft) / static_cast<double>(map.columns.size()))),
        right_(kLeft + cell_ * static_cast<double>(map.columns.size())) {}

  std::string Draw() {
    const std::vector<double> pace = PaceOfColumns();
    const bool has_pace = std::any_of(pace.begin(), pace.end(), [](double s) { return s > 0; });
    const double top = has_pace ? kPaceTop + kPace + kGapBelowPace : 20;
    const double height = top + kNamedRow * static_cast<double>(map_.named.size()) +
                          (map_.named.empty() ? 0 : kGapBelowNamed) +
                          RowHeight(map_.rows.size()) * static_cast<double>(map_.rows.size()) + kAxis;
    Svg svg(height, "Lateness of ranks by iteration", "id=\"heat\"");
    if (has_pace) DrawPace(svg, pace);
    svg.Text(right_ + 10, top - 6, "mean", "tick");
    double y = top;
    if (!map_.named.empty()) {
      y = DrawRows(svg, "named", map_.named, kNamedRow, y) + kGapBelowNamed;
    }
    y = DrawRows(svg, "lateness", map_.rows, RowHeight(map_.rows.size()), y);
    DrawIterationAxis(svg, y);
    return svg.Finish();
  }

 private:
  std::string Name(const LatenessRow& row) const {
    const int32_t first = store_.GlobalRank(row.first), last = store_.GlobalRank(row.last);
    return row.first == row.last ? absl::StrCat("rank ", first) : absl::StrCat(first, "-", last);
  }

  bool HasCulprit(const LatenessRow& row) const {
    return std::any_of(c_.parts.begin() + row.first, c_.parts.begin() + row.last + 1,
                       [](Part part) { return part == Part::kCulprit; });
  }

  double DrawRows(Svg& svg, const char* name, const std::vector<LatenessRow>& rows, double height, double y) {
    std::vector<GridRow> grid;
    double at = y, labelled = -1e9;
    // Culprits are labelled first; other labels only where they do not touch those.
    std::vector<double> taken;
    for (const LatenessRow& row : rows) {
      if (HasCulprit(row)) taken.push_back(at);
      at += height;
    }
    at = y;
    for (const LatenessRow& row : rows) {
      GridRow& cells = grid.emplace_back();
      cells.label = row.first == row.last ? Name(row) : absl::StrCat("ranks ", Name(row));
      cells.height = height;
      for (double late : row.late_s) {
        cells.colours.push_back(late < 0 ? kNoData : ColourOf(late, map_.top_s));
        cells.values.push_back(late < 0 ? "not on record" : Late(late));
      }
      const bool guilty = HasCulprit(row);
      const bool near = std::any_of(taken.begin(), taken.end(),
                                    [&](double t) { return t != at && t - at < 13 && at - t < 13; });
      if (guilty ? at - labelled >= 11 || labelled < at - 11 : at - labelled >= 13 && !near) {
        LabelRow(svg, row, guilty, at, height);
        labelled = at;
      } else if (guilty) {
        Point(svg, at, height);
      }
      at += height;
    }
    return DrawGrid(svg, {name, kLeft, y, cell_, cell_ > 8 && height > 8 ? 1.0 : 0.0, ColumnLabels()}, grid);
  }

  static void Point(Svg& svg, double y, double height) {
    svg.Path(absl::StrCat("M", Number(kLeft - 9), " ", Number(y + height / 2 - 4), "l7 4l-7 4z"), "guilty");
  }

  void LabelRow(Svg& svg, const LatenessRow& row, bool guilty, double y, double height) const {
    const double base = y + height / 2 + 4;
    if (guilty) Point(svg, y, height);
    svg.Text(kLeft - 12, base, Name(row), guilty ? "label guilty" : "label", Anchor::kEnd);
    svg.Text(right_ + 10, base, Late(row.mean_s), guilty ? "label guilty" : "label");
  }

  std::vector<std::string> ColumnLabels() const {
    const std::string what = absl::StrCat(CountedBy(map_), " ");
    std::vector<std::string> labels;
    for (const auto& [first, last] : map_.columns)
      labels.push_back(first == last ? absl::StrCat(what, first) : absl::StrCat(what, first, "-", last));
    return labels;
  }

  // Median length of the iterations of each column; 0 = not known.
  std::vector<double> PaceOfColumns() const {
    std::vector<double> pace(map_.columns.size());
    // Periods are counted otherwise than the collectives of the columns.
    if (c_.series.empty() || !c_.series.front().by_steps || !map_.by_steps) return pace;
    const std::vector<localize::Iteration>& all = c_.series.front().iterations;
    size_t k = 0;
    for (size_t column = 0; column < map_.columns.size(); ++column) {
      std::vector<int64_t> lengths;
      for (; k < all.size() && all[k].number <= map_.columns[column].second; ++k) {
        if (all[k].number >= map_.columns[column].first) lengths.push_back(all[k].length_ns);
      }
      pace[column] = store::Store::Seconds(localize::Median(lengths));
    }
    return pace;
  }

  void DrawPace(Svg& svg, const std::vector<double>& pace) const {
    // One long pause must not flatten the rest: the axis ends above nine tenths of the columns.
    std::vector<double> sorted = pace;
    std::sort(sorted.begin(), sorted.end());
    const double usual = sorted[sorted.size() * 9 / 10];
    const double top = usual > 0 ? 1.25 * usual : sorted.back();
    const Scale y{0, top, kPaceTop + kPace, kPaceTop};
    svg.Text(4, kPaceTop - 4, "length of a step", "tick");
    svg.Line(kLeft, kPaceTop + kPace, right_, kPaceTop + kPace, "axis");
    svg.Line(kLeft, y(top / 1.25), right_, y(top / 1.25), "grid");
    svg.Text(kLeft - 12, y(top / 1.25) + 4, Duration(top / 1.25), "label", Anchor::kEnd);
    svg.Text(kLeft - 12, kPaceTop + kPace + 4, "0", "label", Anchor::kEnd);
    std::string d;
    bool open = false;
    for (size_t i = 0; i < pace.size(); ++i) {
      const double x = kLeft + cell_ * static_cast<double>(i);
      if (pace[i] > 0)
        absl::StrAppend(&d, open ? "L" : "M", Number(x), " ", Number(y(pace[i])), "h", Number(cell_));
      open = pace[i] > 0;
    }
    svg.Path(d, "pace");
  }

  void DrawIterationAxis(Svg& svg, double y) const {
    svg.Line(kLeft, y + 4, right_, y + 4, "axis");
    const size_t every = std::max<size_t>(1, static_cast<size_t>(56 / cell_));  // a label's width
    for (size_t i = 0; i < map_.columns.size(); i += every) {
      const double x = kLeft + cell_ * (static_cast<double>(i) + 0.5);
      svg.Line(x, y + 4, x, y + 8, "axis");
      svg.Text(x, y + 21, absl::StrCat(map_.columns[i].first), "tick", Anchor::kMiddle);
    }
    svg.Text(4, y + 21, CountedBy(map_), "tick");
  }

  const Context& c_;
  const store::Store& store_;
  const LatenessMap& map_;
  double cell_, right_;
};

std::string Lead(const Context& c, const LatenessMap& map) {
  std::string text = absl::StrCat(
      "How much longer each rank worked on its own than the median of the ranks with its role; waiting for "
      "others does not "
      "count. Usual own work: ",
      Duration(map.usual_s), " a ", CountedBy(map), ".");
  if (!map.rows.empty() && map.rows.front().first != map.rows.front().last) {
    absl::StrAppend(&text, " A row shows the latest of its ",
                    map.rows.front().last - map.rows.front().first + 1,
                    " ranks, so a single late rank stays visible; culprits have rows of their own on top.");
  }
  if (c.window.goes_on && c.report.verdict.anomaly.rfind("hang.", 0) == 0)
    text += " The iteration in which the job stopped has no end and is not shown.";
  return absl::StrCat("<p class=\"lead\">", Escape(text), "</p><p class=\"keys\">",
                      ColourLegend("late by", "0", absl::StrCat("≥ ", Duration(map.top_s))),
                      Swatch("nodata", "not on record"), "</p>");
}

}  // namespace

Section LatenessSection(const Context& c) {
  Section section{"lateness", "Lateness by rank and iteration", "", ""};
  if (c.store == nullptr) return section;
  const LatenessMap map = MapLateness(*c.store, c.Culprits());
  if (map.columns.empty()) return section;
  section.lead = Lead(c, map);
  section.body = LatenessDrawing(c, map).Draw();
  return section;
}

}  // namespace rankle::html
