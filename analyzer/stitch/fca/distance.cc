#include "analyzer/stitch/fca/distance.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

namespace rankle::stitch {
namespace {

constexpr double kMostWays = 20'000;
constexpr int kDraws = 9'999;
// Two sums of the same shares in another order differ by rounding only.
constexpr double kRounding = 1e-9;

struct Run {
  std::vector<double> shares;  // by index into the support
  double mean = 0;
};

class Shift {
 public:
  Shift(const std::vector<std::vector<ParentBin>>& plain,
        const std::vector<std::vector<ParentBin>>& injected) {
    std::set<uint64_t> support;
    for (const auto* side : {&injected, &plain}) {
      for (const auto& bins : *side) {
        for (const ParentBin& bin : bins) support.insert(bin.iterations);
      }
    }
    support_.assign(support.begin(), support.end());
    for (const auto& bins : injected) Add(bins);
    injected_ = runs_.size();
    for (const auto& bins : plain) Add(bins);
  }

  size_t runs() const { return runs_.size(); }
  size_t injected() const { return injected_; }
  bool AllEqual() const {
    return std::all_of(runs_.begin(), runs_.end(),
                       [&](const Run& run) { return run.shares == runs_.front().shares; });
  }
  double Mean(size_t from, size_t to) const {
    double mean = 0;
    for (size_t i = from; i < to; ++i) mean += runs_[i].mean / (to - from);
    return mean;
  }
  // Total variation between the runs of these indices and all others; 0 if theirs is not the larger mean.
  double Distance(const std::vector<size_t>& chosen) const {
    const double k = chosen.size(), rest = runs_.size() - chosen.size();
    double mean = 0;
    std::vector<double> sums(support_.size(), 0.0);
    for (size_t index : chosen) {
      mean += runs_[index].mean;
      for (size_t i = 0; i < sums.size(); ++i) sums[i] += runs_[index].shares[i];
    }
    if (mean / k <= (mean_sum_ - mean) / rest) return 0;
    double distance = 0;
    for (size_t i = 0; i < sums.size(); ++i) {
      distance += std::abs(sums[i] / k - (totals_[i] - sums[i]) / rest) / 2;
    }
    return distance;
  }

 private:
  void Add(const std::vector<ParentBin>& bins) {
    double parents = 0;
    for (const ParentBin& bin : bins) parents += bin.parents;
    if (parents == 0) return;
    Run run{.shares = std::vector<double>(support_.size(), 0.0)};
    totals_.resize(support_.size(), 0.0);
    for (const ParentBin& bin : bins) {
      const size_t at = std::lower_bound(support_.begin(), support_.end(), bin.iterations) - support_.begin();
      run.shares[at] += bin.parents / parents;
      totals_[at] += bin.parents / parents;
      run.mean += bin.iterations * (bin.parents / parents);
    }
    mean_sum_ += run.mean;
    runs_.push_back(std::move(run));
  }

  std::vector<uint64_t> support_;
  std::vector<Run> runs_;
  std::vector<double> totals_;
  double mean_sum_ = 0;
  size_t injected_ = 0;
};

double Ways(size_t n, size_t k) {
  double ways = 1;
  for (size_t i = 1; i <= k; ++i) ways = ways * (n - k + i) / i;
  return std::round(ways);
}

// The next subset of `chosen` in lexical order; false after the last.
bool Next(std::vector<size_t>& chosen, size_t n) {
  for (size_t i = chosen.size(); i-- > 0;) {
    if (chosen[i] == n - chosen.size() + i) continue;
    ++chosen[i];
    for (size_t j = i + 1; j < chosen.size(); ++j) chosen[j] = chosen[j - 1] + 1;
    return true;
  }
  return false;
}

std::vector<size_t> First(size_t count) {
  std::vector<size_t> first(count);
  for (size_t i = 0; i < count; ++i) first[i] = i;
  return first;
}

double PermutationP(const Shift& shift, double observed, double ways, uint64_t seed) {
  double as_far = 0;
  if (ways <= kMostWays) {
    std::vector<size_t> chosen = First(shift.injected());
    do {
      as_far += shift.Distance(chosen) >= observed - kRounding;
    } while (Next(chosen, shift.runs()));
    return as_far / ways;
  }
  std::mt19937_64 random(seed);
  std::vector<size_t> all = First(shift.runs());
  for (int draw = 0; draw < kDraws; ++draw) {
    // Not std::shuffle and std::uniform_int_distribution, whose results differ between standard libraries.
    for (size_t i = 0; i < shift.injected(); ++i) std::swap(all[i], all[i + random() % (all.size() - i)]);
    as_far += shift.Distance({all.begin(), all.begin() + shift.injected()}) >= observed - kRounding;
  }
  return (as_far + 1) / (kDraws + 1);
}

}  // namespace

HistogramShift CompareHistograms(const std::vector<std::vector<ParentBin>>& plain,
                                 const std::vector<std::vector<ParentBin>>& injected, double least_distance,
                                 uint64_t seed) {
  const Shift shift(plain, injected);
  HistogramShift result;
  if (shift.injected() == 0 || shift.injected() == shift.runs()) return result;
  result.injected_mean = shift.Mean(0, shift.injected());
  result.plain_mean = shift.Mean(shift.injected(), shift.runs());
  if (shift.AllEqual()) return result;
  const double ways = Ways(shift.runs(), shift.injected());
  result.p.least = 1 / std::min(ways, kDraws + 1.0);
  result.distance = shift.Distance(First(shift.injected()));
  if (result.distance >= least_distance && result.distance > 0) {
    result.p.p = PermutationP(shift, result.distance, ways, seed);
  }
  return result;
}

}  // namespace rankle::stitch
