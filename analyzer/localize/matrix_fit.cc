#include "analyzer/localize/matrix_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rankle::localize {
namespace {

constexpr int kMaxRounds = 20;
constexpr double kMadToSigma = 1.4826;
// What is believed of the noise before the data speak, worth so many degrees of freedom: medians from buckets
// 9 to 13 % wide, interpolated, of links that are alike. Four ranks have 12 links and 7 effects to fit:
// without it their estimate would be worthless, and with many ranks it does not count.
constexpr double kPriorNoise = 0.06, kPriorFreedom = 6;
// One finding in a thousand may be wrong before the rules' own thresholds: a job is looked at many times.
constexpr double kFalseDiscoveryRate = 0.001;
// Noise is read off the residuals at this share: the median of few residuals is too often small by chance
// (the fit makes many of them 0), and a quarter of outliers must do no harm.
constexpr double kNoiseShare = 0.75, kNoiseShareToSigma = 1.1503;
// An estimate from a quantile is worth this share of the degrees of freedom of a standard deviation.
constexpr double kQuantileEfficiency = 0.7;
// A row or column is slow when nearly all of its cells are, to at least half of its effect; else its cells
// are.
constexpr double kCoverage = 0.75;

// The value at `share` of the sorted values, the lower neighbour.
double Lower(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(at), values.end());
  return values[at];
}
double LowerMedian(std::vector<double> values) { return Lower(std::move(values), 0.5); }
double LowerThird(std::vector<double> values) { return Lower(std::move(values), 1.0 / 3); }

// Probability that noise exceeds t of its own estimated standard deviations (Student's t; Wallace's
// approximation by a normal deviate).
double Tail(double t, double freedom) {
  if (t <= 0) return 1;
  const double z = (8 * freedom + 1) / (8 * freedom + 3) * std::sqrt(freedom * std::log1p(t * t / freedom));
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

struct Fit {
  double base = 0;
  std::vector<double> row, column, cell;  // effects; cell: by index of the input
  double Cost() const {
    double cost = 0;
    for (double e : cell) cost += std::abs(e);
    // Among equally good fits the one with fewer and smaller effects: a line of effects costs a cell's worth.
    for (const auto* line : {&row, &column}) {
      for (double e : *line) cost += 1e-3 * std::abs(e);
    }
    return cost;
  }
};

class MatrixFitter {
 public:
  MatrixFitter(int32_t size, const std::vector<MatrixCell>& cells)
      : cells_(cells), of_row_(size), of_column_(size) {
    for (size_t i = 0; i < cells.size(); ++i) {
      of_row_[cells[i].row].push_back(i);
      of_column_[cells[i].column].push_back(i);
    }
  }

  std::vector<SlowEffect> Find() {
    const Fit by_rows = Polish(true), by_columns = Polish(false);
    fit_ = by_rows.Cost() <= by_columns.Cost() ? by_rows : by_columns;
    EstimateNoise();
    Collect();
    return Select();
  }

 private:
  using Lines = std::vector<std::vector<size_t>>;

  // Moves the median of each line's residuals into its effect; returns how much was moved.
  static double Sweep(const Lines& lines, std::vector<double>& effects, std::vector<double>& residuals) {
    double moved = 0;
    for (size_t line = 0; line < lines.size(); ++line) {
      if (lines[line].empty()) continue;
      std::vector<double> values;
      for (size_t i : lines[line]) values.push_back(residuals[i]);
      const double shift = LowerMedian(values);
      effects[line] += shift;
      for (size_t i : lines[line]) residuals[i] -= shift;
      moved += std::abs(shift);
    }
    return moved;
  }

  Fit Polish(bool rows_first) const {
    Fit fit;
    fit.row.resize(of_row_.size()), fit.column.resize(of_column_.size());
    for (const MatrixCell& c : cells_) fit.cell.push_back(c.value);
    fit.base = LowerThird(fit.cell);
    for (double& v : fit.cell) v -= fit.base;
    for (int round = 0; round < kMaxRounds; ++round) {
      double moved = 0;
      for (bool rows : {rows_first, !rows_first})
        moved += rows ? Sweep(of_row_, fit.row, fit.cell) : Sweep(of_column_, fit.column, fit.cell);
      if (moved < 1e-9) break;
    }
    fit.base += Centre(of_row_, fit.row) + Centre(of_column_, fit.column);
    return fit;
  }

  // Makes the usual line's effect 0; returns what was taken out.
  static double Centre(const Lines& lines, std::vector<double>& effects) {
    std::vector<double> observed;
    for (size_t line = 0; line < lines.size(); ++line) {
      if (!lines[line].empty()) observed.push_back(effects[line]);
    }
    const double usual = LowerThird(observed);
    for (size_t line = 0; line < lines.size(); ++line) {
      if (!lines[line].empty()) effects[line] -= usual;
    }
    return usual;
  }

  // A fit of p effects to n cells leaves less over than the noise; lines of one cell leave nothing.
  void EstimateNoise() {
    std::vector<double> left;
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (of_row_[cells_[i].row].size() > 1 && of_column_[cells_[i].column].size() > 1)
        left.push_back(std::abs(fit_.cell[i]));
    }
    double effects = 0;
    for (const Lines* lines : {&of_row_, &of_column_}) {
      for (const auto& line : *lines) effects += line.size() > 1;
    }
    const double n = static_cast<double>(left.size());
    const double correction = n > effects ? std::sqrt(n / (n - effects)) : 1;
    const double estimate = Lower(left, kNoiseShare) / kNoiseShareToSigma * correction;
    const double known = std::max(0.0, kQuantileEfficiency * (n - effects));
    freedom_ = kPriorFreedom + known;
    noise_ = std::sqrt((kPriorFreedom * kPriorNoise * kPriorNoise + known * estimate * estimate) / freedom_);
  }

  // Spread of a kind of line beyond what the noise of its cells makes.
  double Spread(const Lines& lines, const std::vector<double>& effects) const {
    std::vector<double> off;
    for (size_t line = 0; line < lines.size(); ++line) {
      if (!lines[line].empty()) off.push_back(std::abs(effects[line]));
    }
    return kMadToSigma * LowerMedian(off);
  }

  void AddLines(SlowPart part, const Lines& lines, const std::vector<double>& effects) {
    const double spread = Spread(lines, effects);
    for (size_t line = 0; line < lines.size(); ++line) {
      const auto count = static_cast<double>(lines[line].size());
      if (count == 0) continue;
      SlowEffect e;
      e.part = part, e.effect = effects[line], e.cells = static_cast<int>(lines[line].size());
      (part == SlowPart::kRow ? e.row : e.column) = static_cast<int32_t>(line);
      // The standard error of a median is 1.25 times that of a mean.
      e.noise = std::max(spread, 1.25 * noise_ / std::sqrt(count));
      e.q = Tail(e.effect / e.noise, freedom_);
      effects_.push_back(e);
    }
  }

  void Collect() {
    AddLines(SlowPart::kRow, of_row_, fit_.row);
    AddLines(SlowPart::kColumn, of_column_, fit_.column);
    for (size_t i = 0; i < cells_.size(); ++i) {
      SlowEffect e;
      e.row = cells_[i].row, e.column = cells_[i].column, e.cells = 1;
      e.effect = fit_.cell[i], e.noise = noise_, e.q = Tail(fit_.cell[i] / noise_, freedom_);
      effects_.push_back(e);
    }
    AdjustForDiscoveries();
  }

  // Benjamini-Hochberg: p values become the false discovery rate at which each would be found.
  void AdjustForDiscoveries() {
    std::sort(effects_.begin(), effects_.end(),
              [](const SlowEffect& a, const SlowEffect& b) { return a.q < b.q; });
    double smallest = 1;
    for (size_t i = effects_.size(); i-- > 0;) {
      smallest = std::min(smallest,
                          effects_[i].q * static_cast<double>(effects_.size()) / static_cast<double>(i + 1));
      effects_[i].q = smallest;
    }
  }

  bool Covers(const SlowEffect& line) const {
    const auto& cells = line.part == SlowPart::kRow ? of_row_[line.row] : of_column_[line.column];
    const auto slow = std::count_if(cells.begin(), cells.end(),
                                    [&](size_t i) { return line.effect + fit_.cell[i] > line.effect / 2; });
    return static_cast<double>(slow) >= kCoverage * static_cast<double>(cells.size());
  }

  SlowEffect AsCell(const SlowEffect& line, size_t cell) const {
    SlowEffect e = line;
    e.part = SlowPart::kCell, e.cells = 1;
    e.row = cells_[cell].row, e.column = cells_[cell].column;
    e.effect = line.effect + fit_.cell[cell];
    return e;
  }

  std::vector<SlowEffect> Select() const {
    std::vector<SlowEffect> found;
    const auto significant = [](const SlowEffect& e) { return e.q <= kFalseDiscoveryRate && e.effect > 0; };
    std::vector<double> row(of_row_.size()),
        column(of_column_.size());  // effects of lines that are slow as a whole
    for (const SlowEffect& e : effects_) {
      if (!significant(e) || e.part == SlowPart::kCell) continue;
      const auto& cells = e.part == SlowPart::kRow ? of_row_[e.row] : of_column_[e.column];
      if (cells.size() > 1 && Covers(e)) {
        found.push_back(e);
        (e.part == SlowPart::kRow ? row[e.row] : column[e.column]) = e.effect;
        continue;
      }
      for (size_t cell : cells) {
        if (e.effect + fit_.cell[cell] > e.effect / 2) found.push_back(AsCell(e, cell));
      }
    }
    // Inside a slow line only a cell that stands out as much again is news.
    for (const SlowEffect& e : effects_) {
      if (significant(e) && e.part == SlowPart::kCell && e.effect > std::max(row[e.row], column[e.column]))
        found.push_back(e);
    }
    for (SlowEffect& e : found) {
      if (e.part == SlowPart::kCell) e.alone = of_row_[e.row].size() == 1 || of_column_[e.column].size() == 1;
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const SlowEffect& a, const SlowEffect& b) { return a.effect > b.effect; });
    return found;
  }

  const std::vector<MatrixCell>& cells_;
  Lines of_row_, of_column_;
  Fit fit_;
  double noise_ = 0, freedom_ = 1;
  std::vector<SlowEffect> effects_;
};

}  // namespace

std::vector<SlowEffect> FitMatrix(int32_t size, const std::vector<MatrixCell>& cells) {
  if (cells.size() < kMinCells) return {};
  return MatrixFitter(size, cells).Find();
}

}  // namespace rankle::localize
