// The fitted source x destination matrix, condensed to as many rows and columns as can be read. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/localize/transfer.h"

namespace rankle::html {

struct MatrixCellView {
  bool known = false;
  // Factors over normal and the time behind the first; of several links those of the one that is slowest
  // beyond what its sender and receiver explain, then slowest at all.
  double measured = 1, expected = 1, left = 1;
  double measured_s = 0;
  int32_t source = store::kNone, destination = store::kNone;
};

struct MatrixView {
  // Ranks that take part, in bins of neighbours: first and last of each (indices into Store::ranks).
  std::vector<std::pair<int32_t, int32_t>> bins;
  std::vector<std::vector<MatrixCellView>> cells;  // [source bin][destination bin]
  std::vector<double> sender, receiver;            // the largest factor in each bin
  double top = 2;                                  // the factor that has the strongest colour
  size_t ranks = 0, links = 0;
};

inline constexpr size_t kMostBins = 32;
MatrixView ViewMatrix(const localize::TransferMatrix& matrix, size_t most_bins = kMostBins);

}  // namespace rankle::html
