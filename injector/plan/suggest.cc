#include "injector/plan/suggest.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "injector/plan/text.h"

namespace rankle::plan {
namespace {

constexpr size_t kLongestWord = 64;  // longer words are not typos of ours

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b) {
  auto at = [](std::string_view word, size_t i) {
    return absl::ascii_tolower(static_cast<unsigned char>(word[i]));
  };
  std::vector<size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = row[j - 1] + (at(a, i - 1) == at(b, j - 1) ? 0 : 1);
      next[j] = std::min({change, row[j] + 1, next[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && at(a, i - 1) == at(b, j - 2) && at(a, i - 2) == at(b, j - 1);
      if (swapped) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row[b.size()];
}

std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.empty() || word.size() > kLongestWord) return "";
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (std::string_view candidate : known) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best.empty() ? "" : Concat(" (did you mean '", best, "'?)");
}

}  // namespace rankle::plan
