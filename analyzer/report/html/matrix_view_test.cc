// The matrix of a large job is condensed without losing the one slow link.
#include "analyzer/report/html/matrix_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::html {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// All to all, everything at 1 ms but the link `source` -> `destination`, which takes `factor` times as long.
localize::TransferMatrix AllToAll(int ranks, int source, int destination, double factor) {
  localize::TransferMatrix matrix;
  matrix.sender.assign(ranks, 1), matrix.receiver.assign(ranks, 1);
  for (int i = 0; i < ranks; ++i) {
    for (int j = 0; j < ranks; ++j) {
      if (i == j) continue;
      localize::FittedTransfer t;
      t.source = i, t.destination = j;
      t.left = t.factor = i == source && j == destination ? factor : 1;
      t.measured_ns = 1e6 * t.factor;
      matrix.links.push_back(t);
    }
  }
  return matrix;
}

TEST(MatrixViewTest, AFewRanksHaveACellForEachLink) {
  const MatrixView view = ViewMatrix(AllToAll(8, 5, 2, 48));
  ASSERT_THAT(view.bins, SizeIs(8));
  EXPECT_FALSE(view.cells[3][3].known);
  EXPECT_EQ(view.cells[5][2].measured, 48);
  EXPECT_EQ(view.cells[2][5].measured, 1);
  EXPECT_DOUBLE_EQ(view.cells[5][2].measured_s, 0.048);
  EXPECT_EQ(view.top, 48);
  EXPECT_EQ(view.links, 56u);
}

TEST(MatrixViewTest, TheSlowestLinkOfACellIsTheOneShown) {
  const MatrixView view = ViewMatrix(AllToAll(256, 77, 200, 3));
  ASSERT_THAT(view.bins, SizeIs(kMostBins));
  const MatrixCellView& cell = view.cells[77 / 8][200 / 8];
  EXPECT_EQ(cell.left, 3);
  EXPECT_EQ(cell.source, 77);
  EXPECT_EQ(cell.destination, 200);
  EXPECT_EQ(view.cells[77 / 8][199 / 8 - 1].left, 1);
}

TEST(MatrixViewTest, AStrongColourIsNotForNoise) { EXPECT_EQ(ViewMatrix(AllToAll(8, 1, 2, 1.1)).top, 2); }

TEST(MatrixViewTest, NoLinksAreNoMatrix) { EXPECT_THAT(ViewMatrix({}).bins, IsEmpty()); }

}  // namespace
}  // namespace rankle::html
