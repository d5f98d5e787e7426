// A field of coloured cells with a value each, whose texts the page's script shows under the pointer. Drawn
// as one path a colour, so that ten thousand cells are a handful of elements.
#pragma once

#include <string>
#include <vector>

#include "analyzer/report/html/svg.h"

namespace rankle::html {

struct GridRow {
  std::string label;  // plain text: "rank 3"
  double height = 0;
  std::vector<int> colours;         // steps of scale.h; kNoData = nothing is known
  std::vector<std::string> values;  // plain text, of every cell
};
inline constexpr int kNoData = -1;

struct GridFrame {
  std::string name;  // for tests and for who cannot see it: "lateness"
  double x = 0, y = 0;
  double cell_width = 0;
  double gap = 0;                    // between cells
  std::vector<std::string> columns;  // labels
};

// Returns the y below the last row.
double DrawGrid(Svg& svg, const GridFrame& frame, const std::vector<GridRow>& rows);

}  // namespace rankle::html
