#include "corpora/programs/common/char_lm.h"

#include <gtest/gtest.h>

#include <vector>

#include "corpora/programs/common/adam.h"
#include "corpora/programs/common/gradient_check.h"

namespace rankle::programs {
namespace {

constexpr int kRows = 4;

struct Fixture {
  Dataset dataset = *Dataset::FromText("the quick brown fox jumps over the lazy dog. the dog sleeps.", 3);
  CharLm model{{dataset.vocabulary(), 3, 2, 6, 2}, kRows};
  std::vector<float> parameters = std::vector<float>(model.parameter_count());
  std::vector<float> gradients = std::vector<float>(model.parameter_count(), 99.0f);
  Batch batch;

  Fixture() {
    model.Initialize(3, parameters);
    dataset.Fill(3, 1, 0, kRows, batch);
  }
  double ForwardBackward() {
    const double loss = model.Forward(parameters, batch);
    for (int phase = 0; phase < model.phases(); ++phase)
      model.BackwardPhase(phase, parameters, batch, gradients);
    return loss;
  }
};

TEST(CharLm, GradientsMatchDifferences) {
  Fixture f;
  f.ForwardBackward();
  ExpectGradient(f.parameters, f.gradients, [&] { return f.model.Forward(f.parameters, f.batch); });
}

TEST(CharLm, PhaseFillsAllGradientsDownToItsFloor) {
  Fixture f;
  f.ForwardBackward();
  const std::vector<float> whole = f.gradients;
  std::fill(f.gradients.begin(), f.gradients.end(), 99.0f);
  f.model.Forward(f.parameters, f.batch);
  for (int phase = 0; phase < f.model.phases(); ++phase) {
    f.model.BackwardPhase(phase, f.parameters, f.batch, f.gradients);
    for (size_t i = 0; i < whole.size(); ++i) {
      ASSERT_EQ(f.gradients[i], i >= f.model.PhaseFloor(phase) ? whole[i] : 99.0f) << "phase " << phase;
    }
  }
  EXPECT_EQ(f.model.PhaseFloor(f.model.phases() - 1), 0u);
}

TEST(CharLm, LearnsABatchByHeart) {
  Fixture f;
  Adam adam(f.parameters.size(), 0.02);
  const double before = f.ForwardBackward();
  for (int step = 0; step < 150; ++step) {
    f.ForwardBackward();
    adam.Update(f.gradients, step, f.parameters);
  }
  EXPECT_LT(f.ForwardBackward(), before / 10);
}

TEST(Dataset, ShardsAndStepsDrawDifferentWindowsAndRepeat) {
  const Fixture f;
  Batch same, other_shard, other_step;
  f.dataset.Fill(3, 1, 0, kRows, same);
  f.dataset.Fill(3, 1, 1, kRows, other_shard);
  f.dataset.Fill(3, 2, 0, kRows, other_step);
  EXPECT_EQ(same.inputs, f.batch.inputs);
  EXPECT_NE(other_shard.inputs, f.batch.inputs);
  EXPECT_NE(other_step.inputs, f.batch.inputs);
}

TEST(Dataset, TooShortATextIsAnError) {
  EXPECT_FALSE(Dataset::FromText("abc", 3).ok());
  EXPECT_TRUE(Dataset::FromText("abcd", 3).ok());
}

}  // namespace
}  // namespace rankle::programs
