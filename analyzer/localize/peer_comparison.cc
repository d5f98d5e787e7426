#include "analyzer/localize/peer_comparison.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace rankle::localize {
namespace {

// An iteration looks slow when the own time is this much above the others'. Below the factor of 1.2 that must
// be found, so that noise does not hide it; the floor is what a scheduler tick can do to anybody.
constexpr double kSlowFactor = 1.12;
constexpr int64_t kSlowFloorNs = 100'000;
// Score of the run search: a segment in which a third of the iterations is not slow ends.
constexpr int kSlowScore = 1, kNormalScore = -2;
// Other ranks that are looked at to tell how much ranks differ among each other. An estimate from so many
// does not get better by more, and all of a large job would have to be looked at again for each slow rank.
constexpr size_t kNoiseSample = 256;

int64_t Median(std::vector<int64_t> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

}  // namespace

PeerComparison::Middle::Middle(std::vector<int64_t> values)
    : others_(values.size() - 1), first_((others_ - 1) / 2) {
  const size_t kept = std::min(values.size(), first_ + std::size(around_));
  std::nth_element(values.begin(), values.begin() + first_, values.end());
  std::partial_sort(values.begin() + first_, values.begin() + kept, values.end());
  std::copy(values.begin() + first_, values.begin() + kept, around_);
}

PeerComparison::PeerComparison(std::vector<std::vector<int64_t>> own) : own_(std::move(own)) {
  const size_t iterations = own_[0].size();
  for (size_t k = 0; k < iterations; ++k) {
    std::vector<int64_t> all;
    for (const auto& row : own_) all.push_back(row[k]);
    middles_.emplace_back(std::move(all));
  }
  for (size_t r = 0; r < own_.size(); ++r) {
    std::vector<uint32_t>& slow = slow_.emplace_back(1, 0);
    for (size_t k = 0; k < iterations; ++k) {
      const double limit = kSlowFactor * static_cast<double>(Others(r, k)) + kSlowFloorNs;
      slow.push_back(slow.back() + (static_cast<double>(own_[r][k]) > limit));
    }
  }
}

std::optional<SlowSegment> PeerComparison::FindSlow(size_t r) const {
  std::optional<SlowSegment> s = Measure(r);
  if (!s.has_value()) return s;
  s->noise = Noise(r, s->first, s->last);
  if (own_.size() == 2) s->noise = std::max(s->noise, OfItsPeer(1 - r, *s));
  Judge(r, *s);
  return s;
}

std::optional<SlowSegment> PeerComparison::Measure(size_t r) const {
  const auto [first, last] = BestSegment(r);
  SlowSegment s;
  s.first = first, s.last = last;
  s.slow_iterations = static_cast<int>(CountSlow(r, first, last));
  if (s.slow_iterations < kMinSlowIterations) return std::nullopt;
  std::vector<int64_t> own, others;
  for (size_t k = first; k < last; ++k) own.push_back(own_[r][k]), others.push_back(Others(r, k));
  s.own_ns = Median(std::move(own)), s.normal_ns = Median(std::move(others));
  s.factor = static_cast<double>(s.own_ns) / static_cast<double>(std::max<int64_t>(s.normal_ns, 1));
  return s;
}

// Of two ranks, one is never slow while the other is, so in the other's iterations there is no noise to be
// seen. But on a crowded host they are slow by turns: what the peer shows in the stretch that is its own, as
// far as that is as long.
double PeerComparison::OfItsPeer(size_t peer, const SlowSegment& s) const {
  const std::optional<SlowSegment> theirs = Measure(peer);
  if (!theirs.has_value()) return 0;
  return (theirs->factor - 1) *
         std::min(1.0, static_cast<double>(theirs->slow_iterations) / s.slow_iterations);
}

// The segment [first, last) with the highest score.
std::pair<size_t, size_t> PeerComparison::BestSegment(size_t r) const {
  int score = 0, best = 0;
  size_t begin = 0;
  std::pair<size_t, size_t> segment{0, 0};
  for (size_t k = 0; k < own_[r].size(); ++k) {
    if (score <= 0) score = 0, begin = k;
    score += IsSlow(r, k) ? kSlowScore : kNormalScore;
    if (score > best) best = score, segment = {begin, k + 1};
  }
  return segment;
}

// How much the ranks other than `r` usually differ from their own median in the same iteration, relative;
// of a single other rank, how much it differs from its iteration before.
double PeerComparison::Noise(size_t r, size_t first, size_t last) const {
  constexpr double kMadToSigma = 1.4826;
  const size_t m = own_.size();
  // Odd, so that it does not always meet the same place of a host or a parallel group.
  const size_t stride = m <= kNoiseSample ? 1 : m / kNoiseSample | 1;
  std::vector<double> differences;
  int64_t before = 0;  // of the single other rank
  for (size_t k = first; k < last; ++k) {
    const int64_t usual = m > 2 ? middles_[k].UpperWithout(own_[r][k]) : before;
    for (size_t other = 0; other < m; other += stride) {
      if (other == r) continue;
      const int64_t one = before = own_[other][k];
      if (usual > 0)
        differences.push_back(std::abs(static_cast<double>(one - usual)) / static_cast<double>(usual));
    }
  }
  if (differences.empty()) return 0;
  std::nth_element(differences.begin(), differences.begin() + differences.size() / 2, differences.end());
  return kMadToSigma * differences[differences.size() / 2];
}

// How likely is it that chance makes k of n iterations slow? Chance is what happens to the others at the
// same time; of those the slowest quarter is left out, because it may hold further culprits.
void PeerComparison::Judge(size_t r, SlowSegment& s) const {
  std::vector<uint32_t> counts;
  for (size_t other = 0; other < own_.size(); ++other) {
    if (other != r) counts.push_back(CountSlow(other, s.first, s.last));
  }
  const size_t kept = std::max<size_t>(1, counts.size() - counts.size() / 4);
  std::nth_element(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(kept - 1), counts.end());
  const double n = static_cast<double>(s.last - s.first), k = s.slow_iterations;
  const auto total = std::accumulate(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(kept), 0.0);
  s.chance = total / (n * static_cast<double>(kept));
  const double p = std::clamp(s.chance, 0.1, 0.9), q = std::min(k / n, 0.999);
  s.surprise = q <= p ? 0 : n * (q * std::log10(q / p) + (1 - q) * std::log10((1 - q) / (1 - p)));
}

}  // namespace rankle::localize
