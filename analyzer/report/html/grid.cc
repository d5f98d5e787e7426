#include "analyzer/report/html/grid.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/scale.h"

namespace rankle::html {
namespace {

// Cells are separated by '|' in the attributes that the script reads.
std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) absl::StrAppend(&joined, joined.empty() ? "" : "|", Escape(text, 64));
  return joined;
}

}  // namespace

double DrawGrid(Svg& svg, const GridFrame& frame, const std::vector<GridRow>& rows) {
  std::array<Tiles, kColours + 1> tiles;  // the last: no data
  const double width = frame.cell_width * static_cast<double>(frame.columns.size());
  double height = 0;
  for (const GridRow& row : rows) height += row.height;
  svg.Begin("grid", "",
            absl::StrCat("data-grid=\"", frame.name, "\" data-rows=\"", rows.size(), "\" data-columns=\"",
                         frame.columns.size(), "\" data-labels=\"", Joined(frame.columns), "\""));
  double y = frame.y;
  for (const GridRow& row : rows) {
    svg.Begin("row", "",
              absl::StrCat("data-label=\"", Escape(row.label, 64), "\" data-height=\"", Number(row.height),
                           "\" data-values=\"", Joined(row.values), "\""))
        .End();
    for (size_t begin = 0, end = 0; begin < row.colours.size(); begin = end) {
      const int colour = row.colours[begin];
      end = begin + 1;
      // Without a gap, neighbours of one colour are one tile.
      while (frame.gap == 0 && end < row.colours.size() && row.colours[end] == colour) ++end;
      tiles[colour == kNoData ? kColours : colour].Add(
          frame.x + frame.cell_width * static_cast<double>(begin), y,
          frame.cell_width * static_cast<double>(end - begin) - frame.gap, row.height - frame.gap);
    }
    y += row.height;
  }
  for (int colour = 0; colour <= kColours; ++colour) {
    if (!tiles[colour].empty())
      svg.Path(tiles[colour].path(), colour == kColours ? "nodata" : absl::StrCat("h", colour));
  }
  svg.Rect(frame.x, frame.y, width, height, "hit");
  svg.End();
  return y;
}

}  // namespace rankle::html
