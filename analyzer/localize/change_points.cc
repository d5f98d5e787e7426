#include "analyzer/localize/change_points.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "analyzer/localize/median.h"

namespace rankle::localize {
namespace {

// More values than this are put together by medians first: the cost of the permutations stays bounded, and a
// place in thousands of iterations need not be known to one.
constexpr size_t kMostValues = 2048;
constexpr int kPermutations = 999;  // resolves probabilities down to 0.001
// Values are taken as independent from the lag on at which their correlation is below this.
constexpr double kIndependent = 0.2;

uint64_t Next(uint64_t& state) {  // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}

// Ranks less their mean, ties share theirs.
std::vector<double> CentredRanks(const double* values, size_t n) {
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(n);
  for (size_t i = 0; i < n;) {
    size_t end = i;
    while (end < n && values[order[end]] == values[order[i]]) ++end;
    const double rank = static_cast<double>(i + end - 1) / 2 - static_cast<double>(n - 1) / 2;
    for (; i < end; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

struct Split {
  size_t at = 0;
  double score = 0;
};

Split BestSplit(const std::vector<double>& ranks, size_t shortest) {
  const size_t n = ranks.size();
  Split best;
  double sum = 0;
  for (size_t k = 0; k + 1 < n; ++k) {
    sum += ranks[k];
    const size_t before = k + 1, after = n - before;
    if (before < shortest || after < shortest) continue;
    const double score = std::abs(sum) / std::sqrt(static_cast<double>(before) * static_cast<double>(after));
    if (score > best.score) best = {before, score};
  }
  return best;
}

// How long a block must be to keep together what belongs together. Dependence is measured around the median
// of the neighbourhood, so that the levels looked for are no dependence, while bursts too short to be a level
// are.
size_t BlockLength(const std::vector<double>& ranks, size_t shortest) {
  const size_t n = ranks.size();
  std::vector<double> rest(n);
  double variance = 0;
  for (size_t i = 0; i < n; ++i) {
    const size_t begin = i - std::min(i, shortest), end = std::min(n, i + shortest + 1);
    rest[i] = ranks[i] - Median<double>({ranks.begin() + begin, ranks.begin() + end});
    variance += rest[i] * rest[i];
  }
  const size_t longest = std::max<size_t>(1, n / 10);  // ten blocks are the least worth permuting
  for (size_t lag = 1; 2 * lag - 1 < longest; ++lag) {
    double covariance = 0;
    for (size_t i = 0; i + lag < n; ++i) covariance += rest[i] * rest[i + lag];
    // Twice the reach, because the borders of the blocks cut bursts.
    if (covariance <= kIndependent * variance) return 2 * lag - 1;
  }
  return longest;
}

double Probability(const std::vector<double>& ranks, const Split& split, size_t shortest, double limit) {
  const size_t n = ranks.size(), length = BlockLength(ranks, shortest);
  std::vector<size_t> blocks((n + length - 1) / length);
  std::iota(blocks.begin(), blocks.end(), size_t{0});
  std::vector<double> shuffled;
  uint64_t random = n;
  int as_good = 0;
  for (int i = 0; i < kPermutations; ++i) {
    for (size_t k = blocks.size(); k > 1; --k) std::swap(blocks[k - 1], blocks[Next(random) % k]);
    shuffled.clear();
    for (size_t block : blocks) {
      const size_t begin = block * length;
      shuffled.insert(shuffled.end(), ranks.begin() + begin, ranks.begin() + std::min(n, begin + length));
    }
    as_good += BestSplit(shuffled, shortest).score >= split.score;
    if (as_good > limit * kPermutations) return limit * 2;  // not certain enough, however it goes on
  }
  return (as_good + 1.0) / (kPermutations + 1);
}

void Segment(const std::vector<double>& values, size_t begin, size_t end, const ChangeSettings& settings,
             std::vector<ChangePoint>& found) {
  if (end - begin < 2 * settings.shortest) return;
  const std::vector<double> ranks = CentredRanks(values.data() + begin, end - begin);
  const Split split = BestSplit(ranks, settings.shortest);
  if (split.at == 0) return;
  const double p = Probability(ranks, split, settings.shortest, settings.p);
  if (p > settings.p) return;
  Segment(values, begin, begin + split.at, settings, found);
  found.push_back({begin + split.at, p});
  Segment(values, begin + split.at, end, settings, found);
}

// While other changes lie on both sides of one, they blur its place: it is looked for again between them.
std::vector<ChangePoint> Segmented(const std::vector<double>& values, const ChangeSettings& settings) {
  std::vector<ChangePoint> found;
  Segment(values, 0, values.size(), settings, found);
  for (size_t i = 0; i < found.size(); ++i) {
    const size_t begin = i == 0 ? 0 : found[i - 1].at;
    const size_t end = i + 1 == found.size() ? values.size() : found[i + 1].at;
    const Split split = BestSplit(CentredRanks(values.data() + begin, end - begin), settings.shortest);
    if (split.at != 0) found[i].at = begin + split.at;
  }
  return found;
}

}  // namespace

std::vector<ChangePoint> FindChangePoints(const std::vector<double>& values, const ChangeSettings& settings) {
  const size_t bin = (values.size() + kMostValues - 1) / kMostValues;
  if (bin <= 1) return Segmented(values, settings);
  std::vector<double> medians;
  for (size_t i = 0; i + bin <= values.size(); i += bin) {
    medians.push_back(Median<double>({values.begin() + i, values.begin() + i + bin}));
  }
  std::vector<ChangePoint> found = Segmented(medians, settings);
  for (ChangePoint& change : found) change.at *= bin;
  return found;
}

}  // namespace rankle::localize
