// The matrix as its effects and what they leave over.
#include "analyzer/localize/matrix_model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rankle::localize {
namespace {

constexpr int32_t kRanks = 8;

// All to all: sends of rank 3 take 4 times, receives of rank 5 twice, the link 1 -> 2 three times as long.
std::vector<MatrixCell> Planted() {
  std::vector<MatrixCell> cells;
  for (int32_t i = 0; i < kRanks; ++i) {
    for (int32_t j = 0; j < kRanks; ++j) {
      const double factor = (i == 3 ? 4.0 : 1.0) * (j == 5 ? 2.0 : 1.0) * (i == 1 && j == 2 ? 3.0 : 1.0);
      const double noise = 0.01 * ((i * 5 + j * 3) % 7 - 3);
      if (i != j) cells.push_back({i, j, 2 + std::log(factor) + noise});
    }
  }
  return cells;
}

TEST(MatrixModelTest, AddsUpToWhatWasMeasured) {
  const std::vector<MatrixCell> cells = Planted();
  const MatrixModel model = DecomposeMatrix(kRanks, cells);
  ASSERT_EQ(model.cell.size(), cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    EXPECT_NEAR(model.base + model.row[cells[i].row] + model.column[cells[i].column] + model.cell[i],
                cells[i].value, 1e-9);
  }
}

TEST(MatrixModelTest, TellsSenderReceiverAndLinkApart) {
  const std::vector<MatrixCell> cells = Planted();
  const MatrixModel model = DecomposeMatrix(kRanks, cells);
  EXPECT_NEAR(std::exp(model.row[3]), 4, 0.3);
  EXPECT_NEAR(std::exp(model.column[5]), 2, 0.15);
  EXPECT_EQ(model.row[0], 0);
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool slow_link = cells[i].row == 1 && cells[i].column == 2;
    EXPECT_NEAR(std::exp(model.cell[i]), slow_link ? 3 : 1, slow_link ? 0.3 : 0.12);
  }
}

TEST(MatrixModelTest, TwoLinksHaveNoEffectsButTheirSize) {
  const MatrixModel model = DecomposeMatrix(2, {{0, 1, 5.0}, {1, 0, 1.0}});
  EXPECT_EQ(model.row, std::vector<double>(2, 0));
  EXPECT_EQ(model.cell, std::vector<double>(2, 0));
}

}  // namespace
}  // namespace rankle::localize
