#include "analyzer/stitch/fca/rank_sum.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace rankle::stitch {
namespace {

constexpr size_t kMostExact = 200;

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

// Share of the subsets of `chosen` ranks whose sum is at least `sum`, and at least `most`. `share[c][s]` is
// built up item by item as the probability that c of the items so far are chosen and sum to s.
PValue Exact(const std::vector<size_t>& ranks, size_t chosen, size_t sum, size_t most) {
  const size_t width = most + 1;
  std::vector<double> share((chosen + 1) * width, 0.0);
  share[0] = 1;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const size_t left = ranks.size() - i;
    // The next item is chosen with probability (still to choose) / (items left).
    for (size_t c = std::min(i, chosen) + 1; c-- > 0;) {
      const double take = static_cast<double>(chosen - c) / left;
      double* from = &share[c * width];
      double* to = c < chosen ? from + width : nullptr;
      for (size_t s = 0; s < width; ++s) {
        if (from[s] == 0) continue;
        if (to != nullptr && s + ranks[i] < width) to[s + ranks[i]] += from[s] * take;
        from[s] *= 1 - take;
      }
    }
  }
  const double* last = &share[chosen * width];
  return {std::accumulate(last + sum, last + width, 0.0), last[most]};
}

PValue Normal(const std::vector<size_t>& ranks, size_t chosen, size_t sum, size_t most) {
  const double n = ranks.size(), k = chosen;
  double mean = 0, square = 0;
  for (size_t rank : ranks) mean += rank / n;
  for (size_t rank : ranks) square += (rank - mean) * (rank - mean) / (n - 1);
  const double deviation = std::sqrt(k * (n - k) / n * square);
  if (deviation == 0) return {};
  const auto tail = [&](double at) {
    return 0.5 * std::erfc((at - k * mean - 0.5) / deviation / std::sqrt(2.0));
  };
  return {tail(sum), tail(most)};
}

}  // namespace

PValue RankSum(const std::vector<double>& plain, const std::vector<double>& injected) {
  if (plain.empty() || injected.empty()) return {};
  std::vector<double> values = injected;
  values.insert(values.end(), plain.begin(), plain.end());
  std::vector<size_t> ranks = DoubledRanks(values);
  const size_t sum = std::accumulate(ranks.begin(), ranks.begin() + injected.size(), size_t{0});
  std::sort(ranks.begin(), ranks.end());
  const size_t most = std::accumulate(ranks.end() - injected.size(), ranks.end(), size_t{0});
  // All equal: every subset sums to the same, and the sums below would say p = 1 only up to rounding.
  if (ranks.front() == ranks.back()) return {};
  return ranks.size() <= kMostExact ? Exact(ranks, injected.size(), sum, most)
                                    : Normal(ranks, injected.size(), sum, most);
}

}  // namespace rankle::stitch
