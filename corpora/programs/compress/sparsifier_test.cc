#include "corpora/programs/compress/sparsifier.h"

#include <gtest/gtest.h>

#include <array>

namespace rankle::programs {
namespace {

struct Selection {
  std::vector<int32_t> positions;
  std::vector<float> values;
};

Selection SelectFrom(Sparsifier& sparsifier, const std::vector<float>& gradients) {
  Selection out{std::vector<int32_t>(gradients.size()), std::vector<float>(gradients.size())};
  const size_t count = sparsifier.Select(gradients, out.positions, out.values);
  out.positions.resize(count);
  out.values.resize(count);
  return out;
}

TEST(Sparsifier, LargeValuesOfEitherSignTravel) {
  Sparsifier sparsifier(4, 1);
  const Selection selection = SelectFrom(sparsifier, {0.1f, -4, 0.2f, 4});
  EXPECT_EQ(selection.positions, (std::vector<int32_t>{1, 3}));
  EXPECT_EQ(selection.values, (std::vector<float>{-4, 4}));
}

TEST(Sparsifier, WhatIsHeldBackTravelsOnceItHasGrown) {
  Sparsifier sparsifier(4, 1);
  EXPECT_EQ(SelectFrom(sparsifier, {0.5f, 0, 0, 1}).positions, (std::vector<int32_t>{3}));
  const Selection second = SelectFrom(sparsifier, {0.5f, 0.25f, 0, 0});
  EXPECT_EQ(second.positions, (std::vector<int32_t>{0}));
  EXPECT_EQ(second.values, (std::vector<float>{1}));
  EXPECT_EQ(sparsifier.held_back()[1], 0.25f);
}

TEST(Sparsifier, NothingIsLost) {
  Sparsifier sparsifier(3, 1);
  std::array<float, 3> sent{}, meant{};
  for (int step = 1; step <= 20; ++step) {
    // Powers of two: the sums are exact.
    const std::vector<float> gradients = {1.0f / 8, static_cast<float>(step % 4), -0.5f};
    for (size_t i = 0; i < 3; ++i) meant[i] += gradients[i];
    const Selection selection = SelectFrom(sparsifier, gradients);
    ASSERT_TRUE(AddSparse(selection.positions, selection.values, 1, sent));
  }
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(sent[i] + sparsifier.held_back()[i], meant[i]) << i;
}

TEST(Sparsifier, ZerosDoNotTravel) {
  Sparsifier sparsifier(2, 1);
  EXPECT_TRUE(SelectFrom(sparsifier, {0, 0}).positions.empty());
}

TEST(AddSparse, ScalesAndAddsUp) {
  std::vector<float> gradients = {1, 2, 3};
  EXPECT_TRUE(AddSparse(std::vector<int32_t>{2, 0, 2}, std::vector<float>{4, 8, 2}, 0.5f, gradients));
  EXPECT_EQ(gradients, (std::vector<float>{5, 2, 6}));
}

TEST(AddSparse, RefusesPositionsThatNobodySent) {
  std::vector<float> gradients = {1, 2};
  for (const int32_t position : {2, -1, INT32_MAX}) {
    EXPECT_FALSE(AddSparse(std::vector<int32_t>{position}, std::vector<float>{4}, 1, gradients));
  }
  EXPECT_EQ(gradients, (std::vector<float>{1, 2}));
}

}  // namespace
}  // namespace rankle::programs
