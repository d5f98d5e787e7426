#include "analyzer/localize/period.h"

#include <algorithm>

namespace rankle::localize {
namespace {

// Bounds the cost: iterations of more operations than this, or seen in a shorter window, are not found.
constexpr size_t kLongestPeriod = 1024, kWindow = 4 * kLongestPeriod;
// Four repetitions are the least that shows a rhythm.
constexpr size_t kRepetitions = 4;
// One place in ten may differ: an operation that was put in makes two places of its period differ.
constexpr double kLeastAgreement = 0.9;
// A longer period must agree this much better than a shorter one: neither multiples of the true one nor the
// rhythm of checkpoints (every 20 iterations or more) may win.
constexpr double kBetter = 0.05;

}  // namespace

size_t FindPeriod(const std::vector<uint64_t>& signatures) {
  const size_t begin = signatures.size() - std::min(signatures.size(), kWindow);
  const size_t n = signatures.size() - begin;
  size_t best = 0;
  double best_agreement = kLeastAgreement - kBetter;
  for (size_t period = 1; period <= std::min(kLongestPeriod, n / kRepetitions); ++period) {
    size_t equal = 0;
    for (size_t i = begin; i + period < signatures.size(); ++i) {
      equal += signatures[i] == signatures[i + period];
    }
    const double agreement = static_cast<double>(equal) / static_cast<double>(n - period);
    if (agreement >= best_agreement + kBetter) best = period, best_agreement = agreement;
  }
  return best;
}

}  // namespace rankle::localize
