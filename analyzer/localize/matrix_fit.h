// Which rows, columns and cells of a source x destination matrix are slow? Pure statistics on numbers.
//
// Model: log(time) = base + row + column + cell + noise, with as few effects as explain the matrix. All of
// them are above the base: a slow link, sender or receiver only adds time. Effects are taken in and thrown
// out again one at a time while that improves the modified BIC (Bogdan, Ghosh and Doerge, Genetics 2004: the
// penalty grows with the number of candidates, so that choosing among many does not pass for evidence).
// Fitting a row and a column effect for every rank instead, as median polish does, leaves four ranks 5 of 12
// degrees of freedom, and 1.2 times is lost in them. Each effect that is left is tested, one-sided, against
// the noise of what none explains, all together under a false discovery rate (Benjamini-Hochberg). What is
// slow has an effect of its own, so no mean contains an outlier.
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
  double noise = 0;               // of the effect, as a standard deviation of logs
  double q = 1;                   // false discovery rate at which it would just be found
  int cells = 0;                  // observed in it
  bool alone = false;  // kCell: the only observed cell of its row or its column, which may be meant as well
};

// Effects that are significant, the largest first. Fewer than kMinCells cells say nothing. Rows and columns
// are numbered below `size`; a cell occurs once.
inline constexpr size_t kMinCells = 3;
std::vector<SlowEffect> FitMatrix(int32_t size, const std::vector<MatrixCell>& cells);

}  // namespace rankle::localize
