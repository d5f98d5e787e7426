#include "corpora/programs/ddp/accumulator.h"

#include <gtest/gtest.h>

namespace rankle::programs {
namespace {

TEST(Accumulator, LastMicroStepGetsTheMeanAndTheNextSumBeginsAtZero) {
  Accumulator accumulator(2, 2);
  std::vector<float> gradients = {1, 10};
  accumulator.Take(1, 0, 2, gradients);
  EXPECT_EQ(gradients, (std::vector<float>{1, 10}));
  gradients = {3, 30};
  accumulator.Take(2, 0, 2, gradients);
  EXPECT_EQ(gradients, (std::vector<float>{2, 20}));
  gradients = {5, 50};
  accumulator.Take(3, 0, 2, gradients);
  gradients = {7, 70};
  accumulator.Take(4, 0, 2, gradients);
  EXPECT_EQ(gradients, (std::vector<float>{6, 60}));
}

TEST(Accumulator, RangesAreApart) {
  Accumulator accumulator(2, 2);
  std::vector<float> gradients = {2, 4};
  accumulator.Take(1, 1, 2, gradients);
  accumulator.Take(1, 0, 1, gradients);
  gradients = {4, 0};
  accumulator.Take(2, 1, 2, gradients);
  EXPECT_EQ(gradients, (std::vector<float>{4, 2}));
  accumulator.Take(2, 0, 1, gradients);
  EXPECT_EQ(gradients, (std::vector<float>{3, 2}));
}

TEST(Accumulator, OneMicroStepChangesNothing) {
  Accumulator accumulator(1, 1);
  std::vector<float> gradients = {0.1f};
  accumulator.Take(1, 0, 1, gradients);
  EXPECT_EQ(gradients[0], 0.1f);
  EXPECT_TRUE(accumulator.Completes(1));
  EXPECT_EQ(accumulator.CompletedBefore(5), 4);
}

TEST(Accumulator, CountsUpdatesNotMicroSteps) {
  const Accumulator accumulator(1, 4);
  EXPECT_FALSE(accumulator.Completes(3));
  EXPECT_TRUE(accumulator.Completes(4));
  EXPECT_EQ(accumulator.CompletedBefore(4), 0);
  EXPECT_EQ(accumulator.CompletedBefore(8), 1);
}

}  // namespace
}  // namespace rankle::programs
