// Axes, colour steps and the elements of drawings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/report/html/grid.h"
#include "analyzer/report/html/scale.h"
#include "analyzer/report/html/svg.h"

namespace rankle::html {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> Labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> labels;
  labels.reserve(ticks.size());
  for (const Tick& tick : ticks) labels.push_back(tick.label);
  return labels;
}

TEST(ScaleTest, WhatLiesOutsideIsMovedToTheBorder) {
  const Scale x{10, 20, 100, 200};
  EXPECT_EQ(x(10), 100);
  EXPECT_EQ(x(15), 150);
  EXPECT_EQ(x(9), 100);
  EXPECT_EQ(x(21), 200);
  EXPECT_EQ((Scale{5, 5, 1, 2}(5)), 1);
}

TEST(ScaleTest, TicksAreRoundAndTellEachOtherApart) {
  EXPECT_THAT(Labels(TimeTicks(0, 1, 4)), ElementsAre("0.0 s", "0.5 s", "1.0 s"));
  EXPECT_THAT(Labels(TimeTicks(12.3401, 12.3402, 2)), ElementsAre("12.34010 s", "12.34015 s", "12.34020 s"));
  EXPECT_THAT(Labels(TimeTicks(0, 90, 3)), ElementsAre("0 s", "50 s"));
  EXPECT_TRUE(TimeTicks(1, 1, 5).empty());
}

TEST(ScaleTest, ColoursAreEqualPartsOfTheTop) {
  EXPECT_EQ(ColourOf(0, 8), 0);
  EXPECT_EQ(ColourOf(0.9, 8), 0);
  EXPECT_EQ(ColourOf(4.5, 8), 4);
  EXPECT_EQ(ColourOf(8, 8), kColours - 1);
  EXPECT_EQ(ColourOf(80, 8), kColours - 1);
  EXPECT_EQ(ColourOf(1, 0), 0);
  EXPECT_EQ(ColourOf(-1, 8), 0);
}

TEST(SvgTest, TextsAndTitlesAreEscaped) {
  Svg svg(10, "\"><script>");
  svg.Text(0, 0, "<script>", "label").Rect(0, 0, 1, 1, "own", "</title><script>");
  const std::string markup = svg.Finish();
  EXPECT_THAT(markup, Not(HasSubstr("<script>")));
  EXPECT_THAT(markup, HasSubstr("&lt;script&gt;</text>"));
}

TEST(SvgTest, CoordinatesHaveNoSuperfluousDigits) {
  EXPECT_EQ(Number(3), "3");
  EXPECT_EQ(Number(3.14), "3.1");
  EXPECT_EQ(Number(-0.01), "0");
}

GridRow Row(const std::string& label, const std::vector<int>& colours) {
  GridRow row{label, 10, colours, {}};
  for (int colour : colours) row.values.push_back("v" + std::to_string(colour));
  return row;
}

TEST(GridTest, NeighboursOfOneColourAreOneTileAndEveryCellKeepsItsValue) {
  Svg svg(20, "grid");
  EXPECT_EQ(
      DrawGrid(svg, {"test", 5, 5, 10, 0, {"a", "b", "c"}}, {Row("x", {3, 3, kNoData}), Row("y", {0, 3, 3})}),
      25);
  const std::string markup = svg.Finish();
  EXPECT_THAT(markup, HasSubstr("data-rows=\"2\" data-columns=\"3\" data-labels=\"a|b|c\""));
  EXPECT_THAT(markup, HasSubstr("data-values=\"v3|v3|v-1\""));
  EXPECT_THAT(markup, HasSubstr("<path d=\"M5 5h20v10h-20zM15 15h20v10h-20z\" class=\"h3\"/>"));
  EXPECT_THAT(markup, HasSubstr("<path d=\"M25 5h10v10h-10z\" class=\"nodata\"/>"));
}

TEST(GridTest, LabelsAndValuesCannotBreakOutOfTheirAttributes) {
  Svg svg(20, "grid");
  GridRow row = Row("\"><script>", {1});
  row.values[0] = "'\" onload=x";
  DrawGrid(svg, {"test", 0, 0, 10, 0, {"\"><i>"}}, {row});
  const std::string markup = svg.Finish();
  EXPECT_THAT(markup, Not(HasSubstr("<script>")));
  EXPECT_THAT(markup, Not(HasSubstr("<i>")));
  EXPECT_THAT(markup, HasSubstr("data-values=\"&#39;&quot; onload=x\""));
}

}  // namespace
}  // namespace rankle::html
