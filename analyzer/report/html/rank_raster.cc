#include "analyzer/report/html/rank_raster.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/scale.h"
#include "analyzer/report/html/time_frame.h"

namespace rankle::html {
namespace {

// Rows of as many ranks as are needed, columns of time. The ranks of a row that are looked at are bounded, so
// that the cost does not grow with the job.
constexpr size_t kMostRows = 64, kSampledInRow = 16;
constexpr int kColumns = 116;
constexpr double kRow = 4, kTop = 34;

class RasterDrawing {
 public:
  RasterDrawing(const Context& context, Activity& activity)
      : c_(context), store_(*context.store), activity_(activity), frame_(context.window) {}

  std::string Draw() {
    const size_t ranks = store_.ranks.size();
    const size_t per_row = (ranks + kMostRows - 1) / kMostRows, rows = (ranks + per_row - 1) / per_row;
    const double top = kTop, bottom = TopOfRow(rows);
    Svg svg(bottom + TimeFrame::kAxisHeight, "Share of time that all ranks wait, over time",
            absl::StrCat("id=\"raster\" data-rows=\"", rows, "\""));
    svg.Text(4, 14,
             absl::StrCat("All ", Counted(static_cast<int64_t>(ranks), "rank"), ", ", per_row, " a row"),
             "heading");
    svg.Rect(TimeFrame::kLeft, top, TimeFrame::kRight - TimeFrame::kLeft, bottom - top, "h0");
    std::array<Tiles, kColours> tiles;
    for (size_t row = 0; row < rows; ++row) {
      const std::vector<double> share = WaitShares(row * per_row, std::min(ranks, (row + 1) * per_row));
      AddRow(share, TopOfRow(row), tiles);
    }
    for (int colour = 1; colour < kColours; ++colour) {
      if (!tiles[colour].empty()) svg.Path(tiles[colour].path(), absl::StrCat("h", colour));
    }
    LabelRows(svg, per_row, rows);
    frame_.DrawMark(svg, top, bottom);
    frame_.DrawAxis(svg, bottom);
    return svg.Finish();
  }

 private:
  static double TopOfRow(size_t row) { return kTop + kRow * static_cast<double>(row); }

  // Ranks whose activity a row shows: the culprits in it, or a sample of all where there is none.
  std::vector<int32_t> RanksOfRow(size_t first, size_t last) const {
    std::vector<int32_t> culprits, some;
    const size_t stride = std::max<size_t>(1, (last - first) / kSampledInRow);
    for (size_t rank = first; rank < last; ++rank) {
      if (c_.parts[rank] == Part::kCulprit) culprits.push_back(static_cast<int32_t>(rank));
      if ((rank - first) % stride == 0) some.push_back(static_cast<int32_t>(rank));
    }
    return culprits.empty() ? some : culprits;
  }

  std::vector<double> WaitShares(size_t first, size_t last) {
    const std::vector<int32_t> ranks = RanksOfRow(first, last);
    std::vector<double> share(kColumns);
    for (int32_t rank : ranks) {
      for (const Stretch& s : activity_.Of(rank, frame_.begin_ns(), frame_.end_ns())) {
        if (s.doing != Doing::kWait && s.doing != Doing::kStuck) continue;
        frame_.Spread(s, kColumns, [&](int column, double part) { share[column] += part; });
      }
    }
    for (double& s : share) s = std::min(1.0, s / static_cast<double>(ranks.size()));
    return share;
  }

  // Neighbours of one colour are one tile.
  static void AddRow(const std::vector<double>& share, double y, std::array<Tiles, kColours>& tiles) {
    const double width = (TimeFrame::kRight - TimeFrame::kLeft) / kColumns;
    for (int begin = 0, end = 0; begin < kColumns; begin = end) {
      const int colour = ColourOf(share[begin], 1);
      while (end < kColumns && ColourOf(share[end], 1) == colour) ++end;
      if (colour > 0) tiles[colour].Add(TimeFrame::kLeft + begin * width, y, (end - begin) * width, kRow);
    }
  }

  void LabelRows(Svg& svg, size_t per_row, size_t rows) const {
    double last = -1e9;
    for (int32_t rank : c_.Culprits()) {
      const double y = TopOfRow(static_cast<size_t>(rank) / per_row);
      if (y - last < 12) continue;  // the height of a label
      svg.Path(absl::StrCat("M", Number(TimeFrame::kLeft - 8), " ", Number(y - 2), "l7 4l-7 4z"), "guilty");
      svg.Text(TimeFrame::kLeft - 12, y + 6, absl::StrCat("rank ", store_.GlobalRank(rank)), "label guilty",
               Anchor::kEnd);
      last = y;
    }
    for (size_t row : {size_t{0}, rows - 1}) {
      const double y = TopOfRow(row);
      const std::vector<int32_t> culprits = c_.Culprits();
      const bool taken = std::any_of(culprits.begin(), culprits.end(), [&](int32_t rank) {
        return std::abs(TopOfRow(static_cast<size_t>(rank) / per_row) - y) < 14;
      });
      const auto rank = static_cast<int32_t>(row == 0 ? 0 : store_.ranks.size() - 1);
      if (!taken)
        svg.Text(TimeFrame::kLeft - 12, y + 6, absl::StrCat("rank ", store_.GlobalRank(rank)), "label",
                 Anchor::kEnd);
    }
  }

  const Context& c_;
  const store::Store& store_;
  Activity& activity_;
  TimeFrame frame_;
};

}  // namespace

std::string DrawRankRaster(const Context& context, Activity& activity) {
  return absl::StrCat(RasterDrawing(context, activity).Draw(), "<p class=\"keys\">",
                      ColourLegend("share of time spent waiting", "none", "all"), "</p>");
}

}  // namespace rankle::html
