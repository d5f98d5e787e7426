// Which rows, columns and cells of a source x destination matrix are slow? Pure statistics on numbers.
//
// Model: log(time) = base + row + column + cell, fitted by median polish. A slow link, sender or receiver
// only adds time, so where a median leaves a choice the lower value is taken, and the base is the lower third
// of the effects: it stays right while up to two thirds of the lines are slow. Noise is the MAD of what the
// fit leaves over. Tests are one-sided, all together under a false discovery rate (Benjamini-Hochberg). No
// mean is used: it could contain the outlier.
//
// What cannot be told: a line with one observed cell and that cell coincide (a ring's rank sends to one peer
// only). Such a cell is reported as a cell, with `alone` set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankle::localize {

struct MatrixCell {
  int32_t row = 0, column = 0;
  double value = 0;  // log of a time
};

enum class SlowPart { kRow, kColumn, kCell };

struct SlowEffect {
  SlowPart part = SlowPart::kCell;
  int32_t row = -1, column = -1;  // -1: all of them
  double effect = 0;              // log of the factor over normal
  double noise = 0;               // spread of the like that are not slow, as a standard deviation of logs
  double q = 1;                   // false discovery rate at which it would just be found
  int cells = 0;                  // observed in it
  bool alone = false;  // kCell: the only observed cell of its row or its column, which may be meant as well
};

// Effects that are significant, the largest first. Fewer than kMinCells cells say nothing. Rows and columns
// are numbered below `size`; a cell occurs once.
inline constexpr size_t kMinCells = 3;
std::vector<SlowEffect> FitMatrix(int32_t size, const std::vector<MatrixCell>& cells);

}  // namespace rankle::localize
