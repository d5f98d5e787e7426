#include "analyzer/stitch/fca/rank_sum.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>

namespace rankle::stitch {
namespace {

// Up to so many values the exact p costs microseconds, for any outcome; up to so many milliseconds.
constexpr size_t kFewValues = 16, kMostExact = 200;
// No discovery whatever its exact value is, and most comparisons are of this kind.
constexpr double kClearlyNothing = 0.25;

// Twice the midranks, so that they are whole: the k-th of n values without ties has 2k.
std::vector<size_t> DoubledRanks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<size_t> ranks(values.size());
  for (size_t from = 0; from < order.size();) {
    size_t to = from;
    while (to < order.size() && values[order[to]] == values[order[from]]) ++to;
    for (size_t i = from; i < to; ++i) ranks[order[i]] = from + 1 + to;
    from = to;
  }
  return ranks;
}

// Share of the subsets of `chosen` of the ranks, which descend, whose sum is at most `deficit` less than the
// largest. `share[c][d]` is the probability that c of the items so far are chosen and that they sum to d less
// than the c largest would; d never falls as items are added, so larger ones need not be kept.
double Exact(const std::vector<size_t>& ranks, size_t chosen, size_t deficit) {
  // Without ties all doubled ranks are even: steps of their common divisor are enough.
  size_t step = 0;
  for (size_t rank : ranks) step = std::gcd(step, ranks.front() - rank);
  const size_t width = deficit / step + 1;
  std::vector<double> share((chosen + 1) * width, 0.0);
  share[0] = 1;
  for (size_t i = 0; i < ranks.size(); ++i) {
    // The item is chosen with probability (still to choose) / (items left). From the last count on, so that
    // what is moved up is not moved twice.
    for (size_t c = std::min(i, chosen) + 1; c-- > 0;) {
      const double take = static_cast<double>(chosen - c) / (ranks.size() - i);
      double* from = &share[c * width];
      const size_t worse = c < chosen ? (ranks[c] - ranks[i]) / step : width;
      for (size_t d = 0; d < width; ++d) {
        if (from[d] == 0) continue;
        if (d + worse < width) from[width + d + worse] += from[d] * take;
        from[d] *= 1 - take;
      }
    }
  }
  return std::accumulate(share.end() - width, share.end(), 0.0);
}

// Share of the subsets that reach the largest sum: all ranks above the smallest one chosen, and any of its
// ties.
double Least(const std::vector<size_t>& ranks, size_t chosen) {
  const size_t last = ranks[chosen - 1];
  const size_t above = std::count_if(ranks.begin(), ranks.end(), [&](size_t r) { return r > last; });
  const size_t ties = std::count(ranks.begin(), ranks.end(), last);
  const auto log_ways = [](double n, double k) {
    return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
  };
  return std::exp(log_ways(ties, chosen - above) - log_ways(ranks.size(), chosen));
}

double Normal(const std::vector<size_t>& ranks, size_t chosen, size_t sum) {
  const double n = ranks.size(), k = chosen;
  double mean = 0, square = 0;
  for (size_t rank : ranks) mean += rank / n;
  for (size_t rank : ranks) square += (rank - mean) * (rank - mean) / (n - 1);
  const double deviation = std::sqrt(k * (n - k) / n * square);
  return 0.5 * std::erfc((sum - k * mean - 0.5) / deviation / std::sqrt(2.0));
}

}  // namespace

PValue RankSum(const std::vector<double>& plain, const std::vector<double>& injected) {
  if (plain.empty() || injected.empty()) return {};
  std::vector<double> values = injected;
  values.insert(values.end(), plain.begin(), plain.end());
  std::vector<size_t> ranks = DoubledRanks(values);
  const size_t sum = std::accumulate(ranks.begin(), ranks.begin() + injected.size(), size_t{0});
  std::sort(ranks.begin(), ranks.end(), std::greater<>());
  if (ranks.front() == ranks.back()) return {};  // nothing differs
  const size_t chosen = injected.size();
  const size_t most = std::accumulate(ranks.begin(), ranks.begin() + chosen, size_t{0});
  const double about = Normal(ranks, chosen, sum);
  const bool exact = ranks.size() <= kFewValues || (ranks.size() <= kMostExact && about < kClearlyNothing);
  return {exact ? Exact(ranks, chosen, most - sum) : about, Least(ranks, chosen)};
}

}  // namespace rankle::stitch
