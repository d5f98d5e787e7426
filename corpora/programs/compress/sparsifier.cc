#include "corpora/programs/compress/sparsifier.h"

#include <cmath>

namespace rankle::programs {

size_t Sparsifier::Select(ConstFloats gradients, std::span<int32_t> positions, Floats values) {
  Add(gradients, held_back_);
  const double least =
      threshold_ * std::sqrt(SumOfSquares(held_back_) / static_cast<double>(held_back_.size()));
  size_t selected = 0;
  for (size_t i = 0; i < held_back_.size(); ++i) {
    // A gradient of zeros has a threshold of zero: there is nothing to say then.
    if (held_back_[i] == 0 || std::abs(held_back_[i]) < least) continue;
    positions[selected] = static_cast<int32_t>(i);
    values[selected++] = held_back_[i];
    held_back_[i] = 0;
  }
  return selected;
}

bool AddSparse(std::span<const int32_t> positions, ConstFloats values, float scale, Floats gradients) {
  for (size_t i = 0; i < positions.size(); ++i) {
    const auto position = static_cast<size_t>(positions[i]);
    if (position >= gradients.size()) return false;
    gradients[position] += values[i] * scale;
  }
  return true;
}

}  // namespace rankle::programs
