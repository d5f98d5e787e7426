#include "analyzer/report/html/matrix_view.h"

#include <algorithm>

namespace rankle::html {
namespace {

// Below this factor nothing gets the strongest colour: twice the normal time is where a slow link begins to
// be worth a look, and noise of a tenth must not look like an alarm.
constexpr double kLeastTop = 2;

}  // namespace

MatrixView ViewMatrix(const localize::TransferMatrix& matrix, size_t most_bins) {
  MatrixView view;
  std::vector<int32_t> ranks;
  for (const localize::FittedTransfer& t : matrix.links)
    ranks.push_back(t.source), ranks.push_back(t.destination);
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  view.ranks = ranks.size(), view.links = matrix.links.size();
  if (ranks.empty()) return view;
  const size_t per_bin = (ranks.size() + most_bins - 1) / most_bins;
  std::vector<size_t> bin_of(static_cast<size_t>(ranks.back()) + 1);
  for (size_t i = 0; i < ranks.size(); ++i) {
    bin_of[ranks[i]] = i / per_bin;
    if (i % per_bin == 0) view.bins.emplace_back(ranks[i], ranks[i]);
    view.bins.back().second = ranks[i];
  }
  const size_t bins = view.bins.size();
  view.cells.assign(bins, std::vector<MatrixCellView>(bins));
  view.sender.assign(bins, 0), view.receiver.assign(bins, 0);
  for (const localize::FittedTransfer& t : matrix.links) {
    const size_t row = bin_of[t.source], column = bin_of[t.destination];
    MatrixCellView& cell = view.cells[row][column];
    view.sender[row] = std::max(view.sender[row], matrix.sender[t.source]);
    view.receiver[column] = std::max(view.receiver[column], matrix.receiver[t.destination]);
    view.top = std::max(view.top, t.factor);
    if (cell.known && std::pair(cell.left, cell.measured) >= std::pair(t.left, t.factor)) continue;
    cell = {true, t.factor, t.expected, t.left, t.measured_ns * 1e-9, t.source, t.destination};
  }
  view.top = std::max(view.top, kLeastTop);
  return view;
}

}  // namespace rankle::html
