#include "corpora/programs/local_sgd/outer_step.h"

#include <gtest/gtest.h>

namespace rankle::programs {
namespace {

// Numbers are powers of two and their sums: exact in float.
TEST(OuterStep, WithoutMomentumRanksGoOnFromTheMean) {
  OuterStep outer(2, 1, 0);
  outer.Anchor(std::vector<float>{1, 2});
  std::vector<float> parameters = {0.5f, 4};
  outer.Apply(parameters);
  EXPECT_EQ(parameters, (std::vector<float>{0.5f, 4}));
  parameters = {0.25f, 8};
  outer.Apply(parameters);
  EXPECT_EQ(parameters, (std::vector<float>{0.25f, 8}));
}

TEST(OuterStep, LearningRateGoesAPartOfTheWay) {
  OuterStep outer(1, 0.5, 0);
  outer.Anchor(std::vector<float>{4});
  std::vector<float> parameters = {2};
  outer.Apply(parameters);
  EXPECT_EQ(parameters[0], 3);
}

TEST(OuterStep, MomentumCarriesOnInTheSameDirection) {
  OuterStep outer(1, 1, 0.5);
  outer.Anchor(std::vector<float>{8});
  std::vector<float> parameters = {6};
  outer.Apply(parameters);  // way 2, velocity 2: 8 - (2 + 1)
  EXPECT_EQ(parameters[0], 5);
  outer.Apply(parameters);  // nobody moved: way 0, velocity 1: 5 - 0.5
  EXPECT_EQ(parameters[0], 4.5f);
  EXPECT_EQ(outer.anchor()[0], 4.5f);
}

}  // namespace
}  // namespace rankle::programs
