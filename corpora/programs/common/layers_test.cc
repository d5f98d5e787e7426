#include "corpora/programs/common/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "corpora/programs/common/gradient_check.h"
#include "corpora/programs/common/random.h"

namespace rankle::programs {
namespace {

std::vector<float> RandomArray(size_t count, uint64_t stream) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = RandomSymmetric(7, stream, i, 1.0);
  return values;
}

double Dot(ConstFloats a, ConstFloats b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

TEST(Linear, MultipliesRowsAndAddsBias) {
  const std::vector<float> x = {1, 2, 3, 4}, w = {1, 0, 2, 0, 1, 3}, b = {10, 20, 30};
  std::vector<float> y(6);
  LinearForward(x, w, b, 2, 3, y);
  EXPECT_THAT(y, testing::ElementsAre(11, 22, 38, 13, 24, 48));
}

TEST(Linear, GradientsMatchDifferences) {
  constexpr int kIn = 3, kOut = 4, kRows = 2;
  auto x = RandomArray(kRows * kIn, 1), w = RandomArray(kIn * kOut, 2), b = RandomArray(kOut, 3);
  const auto dy = RandomArray(kRows * kOut, 4);
  std::vector<float> y(kRows * kOut), dx(x.size()), dw(w.size()), db(b.size());
  const auto loss = [&] {
    LinearForward(x, w, b, kIn, kOut, y);
    return Dot(y, dy);
  };
  LinearBackward(x, w, dy, kIn, kOut, dx, dw, db);
  ExpectGradient(x, dx, loss);
  ExpectGradient(w, dw, loss);
  ExpectGradient(b, db, loss);
}

TEST(Linear, BackwardAddsToParameterGradients) {
  const std::vector<float> x = {2}, w = {3}, dy = {5};
  std::vector<float> dx = {100}, dw = {100}, db = {100};
  LinearBackward(x, w, dy, 1, 1, dx, dw, db);
  EXPECT_EQ(dx[0], 15);
  EXPECT_EQ(dw[0], 110);
  EXPECT_EQ(db[0], 105);
}

TEST(Embedding, BackwardAddsRowsOfRepeatedTokens) {
  const std::vector<int32_t> tokens = {1, 0, 1};
  const std::vector<float> dy = {1, 2, 3, 4, 5, 6};
  std::vector<float> dtable(4);
  EmbeddingBackward(tokens, dy, 2, dtable);
  EXPECT_THAT(dtable, testing::ElementsAre(3, 4, 6, 8));
}

TEST(CrossEntropy, GradientMatchesDifferences) {
  constexpr int kClasses = 5;
  auto logits = RandomArray(2 * kClasses, 5);
  const std::vector<int32_t> targets = {3, 0};
  const auto loss = [&] {
    std::vector<float> copy = logits;
    return CrossEntropyInPlace(copy, targets, kClasses);
  };
  std::vector<float> gradient = logits;
  CrossEntropyInPlace(gradient, targets, kClasses);
  ExpectGradient(logits, gradient, loss);
}

TEST(CrossEntropy, OfEqualLogitsIsLogOfClasses) {
  std::vector<float> logits(8, 1000.0f);  // large: the exponential must not overflow
  EXPECT_NEAR(CrossEntropyInPlace(logits, std::vector<int32_t>{2}, 8), std::log(8.0), 1e-6);
}

TEST(Tanh, GradientMatchesDifferences) {
  auto x = RandomArray(6, 6);
  const auto weights = RandomArray(6, 8);
  const auto loss = [&] {
    std::vector<float> y = x;
    TanhInPlace(y);
    return Dot(y, weights);
  };
  std::vector<float> y = x, gradient = weights;
  TanhInPlace(y);
  TanhBackward(y, gradient);
  ExpectGradient(x, gradient, loss);
}

}  // namespace
}  // namespace rankle::programs
