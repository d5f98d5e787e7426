#include "analyzer/localize/matrix_fit.h"

#include <algorithm>
#include <cmath>

#include "analyzer/localize/sparse_effects.h"

namespace rankle::localize {
namespace {

// One finding in a thousand may be wrong before the rules' own thresholds: a job is looked at many times.
constexpr double kFalseDiscoveryRate = 0.001;

// Probability that noise exceeds t of its own estimated standard deviations (Student's t; Wallace's
// approximation by a normal deviate).
double Tail(double t, double freedom) {
  if (t <= 0) return 1;
  const double z = (8 * freedom + 1) / (8 * freedom + 3) * std::sqrt(freedom * std::log1p(t * t / freedom));
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

class MatrixFitter {
 public:
  MatrixFitter(int32_t size, const std::vector<MatrixCell>& cells)
      : cells_(cells), of_row_(size), of_column_(size) {
    for (size_t i = 0; i < cells.size(); ++i) {
      of_row_[cells[i].row].push_back(i);
      of_column_[cells[i].column].push_back(i);
    }
    AddLines(SlowPart::kRow, of_row_);
    AddLines(SlowPart::kColumn, of_column_);
    for (size_t i = 0; i < cells.size(); ++i)
      candidates_.push_back({SlowPart::kCell, cells[i].row, cells[i].column, {i}});
  }

  std::vector<SlowEffect> Find() {
    std::vector<double> values;
    for (const MatrixCell& c : cells_) values.push_back(c.value);
    std::vector<std::vector<size_t>> members;
    for (const Candidate& c : candidates_) members.push_back(c.cells);
    const SparseFit fit = FitSparse(values, members);
    std::vector<SlowEffect> effects;
    for (const SparseEffect& e : fit.effects) {
      const Candidate& c = candidates_[e.candidate];
      const bool alone =
          c.part == SlowPart::kCell && (of_row_[c.row].size() == 1 || of_column_[c.column].size() == 1);
      effects.push_back({c.part, c.row, c.column, e.size, e.error, Tail(e.size / e.error, fit.freedom),
                         static_cast<int>(c.cells.size()), alone});
    }
    AdjustForDiscoveries(effects);
    return Select(std::move(effects));
  }

 private:
  using Lines = std::vector<std::vector<size_t>>;
  struct Candidate {
    SlowPart part;
    int32_t row, column;
    std::vector<size_t> cells;
  };

  // A line of one cell is that cell.
  void AddLines(SlowPart part, const Lines& lines) {
    for (int32_t line = 0; line < static_cast<int32_t>(lines.size()); ++line) {
      if (lines[line].size() < 2) continue;
      candidates_.push_back(
          {part, part == SlowPart::kRow ? line : -1, part == SlowPart::kRow ? -1 : line, lines[line]});
    }
  }

  // Benjamini-Hochberg: p values become the false discovery rate at which each would be found. Candidates
  // that were not taken in count as tests that found nothing.
  void AdjustForDiscoveries(std::vector<SlowEffect>& effects) const {
    std::sort(effects.begin(), effects.end(),
              [](const SlowEffect& a, const SlowEffect& b) { return a.q < b.q; });
    double smallest = 1;
    for (size_t i = effects.size(); i-- > 0;) {
      smallest = std::min(
          smallest, effects[i].q * static_cast<double>(candidates_.size()) / static_cast<double>(i + 1));
      effects[i].q = smallest;
    }
  }

  // Inside a slow line only a cell that stands out as much again is news.
  static std::vector<SlowEffect> Select(std::vector<SlowEffect> effects) {
    std::erase_if(effects, [](const SlowEffect& e) { return e.q > kFalseDiscoveryRate; });
    const std::vector<SlowEffect> all = effects;
    std::erase_if(effects, [&](const SlowEffect& e) {
      return e.part == SlowPart::kCell && std::any_of(all.begin(), all.end(), [&](const SlowEffect& line) {
               const bool contains =
                   line.part == SlowPart::kRow ? line.row == e.row : line.column == e.column;
               return line.part != SlowPart::kCell && contains && line.effect >= e.effect;
             });
    });
    std::stable_sort(effects.begin(), effects.end(),
                     [](const SlowEffect& a, const SlowEffect& b) { return a.effect > b.effect; });
    return effects;
  }

  const std::vector<MatrixCell>& cells_;
  Lines of_row_, of_column_;
  std::vector<Candidate> candidates_;
};

}  // namespace

std::vector<SlowEffect> FitMatrix(int32_t size, const std::vector<MatrixCell>& cells) {
  if (cells.size() < kMinCells) return {};
  return MatrixFitter(size, cells).Find();
}

}  // namespace rankle::localize
