// The fit on matrices whose culprits are known.
#include "analyzer/localize/matrix_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>
#include <tuple>

namespace rankle::localize {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Found = std::set<std::tuple<SlowPart, int, int>>;

// Values that differ from link to link by up to 4 % in an irregular but fixed way.
double Uneven(int i, int j) { return 0.04 * std::sin(12.9898 * i + 78.233 * j); }

std::vector<MatrixCell> Matrix(int size, const std::function<bool(int, int)>& observed,
                               const std::function<double(int, int)>& factor) {
  std::vector<MatrixCell> cells;
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) {
      if (i != j && observed(i, j)) cells.push_back({i, j, std::log(factor(i, j)) + Uneven(i, j)});
    }
  }
  return cells;
}
bool All(int, int) { return true; }

Found Parts(int size, const std::vector<MatrixCell>& cells) {
  Found found;
  for (const SlowEffect& e : FitMatrix(size, cells)) found.insert({e.part, e.row, e.column});
  return found;
}

TEST(MatrixFitTest, AnEvenMatrixHasNoEffects) {
  for (int size : {3, 4, 8, 32}) {
    EXPECT_THAT(FitMatrix(size, Matrix(size, All, [](int, int) { return 1.0; })), IsEmpty()) << size;
  }
}

TEST(MatrixFitTest, RowColumnAndCellAreToldApart) {
  for (int size : {4, 8, 32}) {
    EXPECT_EQ(Parts(size, Matrix(size, All, [](int i, int) { return i == 2 ? 2.0 : 1.0; })),
              (Found{{SlowPart::kRow, 2, -1}}));
    EXPECT_EQ(Parts(size, Matrix(size, All, [](int, int j) { return j == 0 ? 2.0 : 1.0; })),
              (Found{{SlowPart::kColumn, -1, 0}}));
    EXPECT_EQ(Parts(size, Matrix(size, All, [](int i, int j) { return i == 3 && j == 1 ? 2.0 : 1.0; })),
              (Found{{SlowPart::kCell, 3, 1}}));
  }
}

TEST(MatrixFitTest, HalfOfTheSendersMayBeSlow) {
  EXPECT_EQ(Parts(4, Matrix(4, All, [](int i, int) { return i < 2 ? 3.0 : 1.0; })),
            (Found{{SlowPart::kRow, 0, -1}, {SlowPart::kRow, 1, -1}}));
}

TEST(MatrixFitTest, ASlowSenderDoesNotHideASlowLinkElsewhere) {
  const auto cells = Matrix(8, All, [](int i, int j) { return i == 1 ? 2.0 : i == 5 && j == 6 ? 4.0 : 1.0; });
  EXPECT_EQ(Parts(8, cells), (Found{{SlowPart::kRow, 1, -1}, {SlowPart::kCell, 5, 6}}));
}

TEST(MatrixFitTest, InsideASlowLineSmallDifferencesAreNoNews) {
  const auto cells = Matrix(4, All, [](int i, int j) { return i != 0 ? 1.0 : j == 3 ? 40.0 : 20.0; });
  EXPECT_EQ(Parts(4, cells), (Found{{SlowPart::kRow, 0, -1}}));
}

TEST(MatrixFitTest, ThreeSlowLinksOfASenderAreNotTheSender) {
  const auto cells = Matrix(8, All, [](int i, int j) { return i == 0 && j >= 5 ? 2.0 : 1.0; });
  EXPECT_EQ(Parts(8, cells),
            (Found{{SlowPart::kCell, 0, 5}, {SlowPart::kCell, 0, 6}, {SlowPart::kCell, 0, 7}}));
}

TEST(MatrixFitTest, TheFactorIsThatOverNormal) {
  const auto effects =
      FitMatrix(8, Matrix(8, All, [](int i, int j) { return i == 3 && j == 1 ? 5.0 : 1.0; }));
  ASSERT_THAT(effects, SizeIs(1));
  EXPECT_NEAR(std::exp(effects[0].effect), 5.0, 0.4);
  EXPECT_FALSE(effects[0].alone);
  EXPECT_LT(effects[0].q, 0.001);
}

TEST(MatrixFitTest, InARingTheLinkIsReportedAsTheOnlyOne) {
  const auto ring = [](int i, int j) { return j == (i + 1) % 8; };
  const auto effects = FitMatrix(8, Matrix(8, ring, [](int i, int) { return i == 4 ? 3.0 : 1.0; }));
  ASSERT_THAT(effects, SizeIs(1));
  EXPECT_EQ(effects[0].part, SlowPart::kCell);
  EXPECT_EQ(effects[0].row, 4);
  EXPECT_EQ(effects[0].column, 5);
  EXPECT_TRUE(effects[0].alone);
}

TEST(MatrixFitTest, ASecondConnectionTellsSenderFromLink) {
  const auto both_ways = [](int i, int j) { return j == (i + 1) % 8 || i == (j + 1) % 8; };
  EXPECT_EQ(Parts(8, Matrix(8, both_ways, [](int i, int) { return i == 4 ? 3.0 : 1.0; })),
            (Found{{SlowPart::kRow, 4, -1}}));
  EXPECT_EQ(Parts(8, Matrix(8, both_ways, [](int i, int j) { return i == 4 && j == 5 ? 3.0 : 1.0; })),
            (Found{{SlowPart::kCell, 4, 5}}));
}

TEST(MatrixFitTest, TwoLinksSayNothing) { EXPECT_THAT(FitMatrix(2, {{0, 1, 5.0}, {1, 0, 1.0}}), IsEmpty()); }

}  // namespace
}  // namespace rankle::localize
