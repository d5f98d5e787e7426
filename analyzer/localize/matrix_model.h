// A source x destination matrix as the effects that were found in it (matrix_fit.h) and what they leave over,
// to look at: value = base + row + column + cell. Pure.
#pragma once

#include <vector>

#include "analyzer/localize/matrix_fit.h"

namespace rankle::localize {

struct MatrixModel {
  double base = 0;                  // the median of what rows and columns leave over
  std::vector<double> row, column;  // by number; 0 where nothing significant was found
  std::vector<double> cell;         // what is left, in the order of the input
};

// All 0 for fewer than kMinCells cells.
MatrixModel DecomposeMatrix(int32_t size, const std::vector<MatrixCell>& cells);

}  // namespace rankle::localize
