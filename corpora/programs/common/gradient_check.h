// Test help: compares gradients with central differences of the loss.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_GRADIENT_CHECK_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_GRADIENT_CHECK_H_

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "corpora/programs/common/layers.h"

namespace rankle::programs {

// `loss` reads `values`, which are moved a little one at a time (every `stride`-th).
inline void ExpectGradient(Floats values, ConstFloats gradients, const std::function<double()>& loss,
                           size_t stride = 1) {
  constexpr float kMove = 1e-2f;
  const std::vector<float> expected(gradients.begin(), gradients.end());  // `loss` may write to the gradients
  for (size_t i = 0; i < values.size(); i += stride) {
    const float value = values[i];
    values[i] = value + kMove;
    const double above = loss();
    values[i] = value - kMove;
    const double below = loss();
    values[i] = value;
    const double slope = (above - below) / (2 * kMove);
    ASSERT_NEAR(expected[i], slope, 1e-3 + 0.02 * std::abs(slope)) << "value " << i;
  }
}

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_GRADIENT_CHECK_H_
