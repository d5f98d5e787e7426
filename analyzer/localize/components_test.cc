#include "analyzer/localize/components.h"

#include <gtest/gtest.h>

namespace rankle::localize {
namespace {

TEST(ComponentsTest, CycleIsOneComponentAndComesBeforeWhatLeadsToIt) {
  const Graph graph = {{1}, {2}, {3}, {1}, {}};  // 0 -> 1 -> 2 -> 3 -> 1, 4 alone
  const std::vector<int32_t> component = StronglyConnectedComponents(graph);
  EXPECT_EQ(component[1], component[2]);
  EXPECT_EQ(component[2], component[3]);
  EXPECT_NE(component[0], component[1]);
  EXPECT_LT(component[1], component[0]);
  EXPECT_NE(component[4], component[0]);
}

TEST(ComponentsTest, ChainOfAMillionNodesDoesNotExhaustTheStack) {
  Graph graph(1'000'000);
  for (size_t i = 0; i + 1 < graph.size(); ++i) graph[i] = {static_cast<int32_t>(i) + 1};
  const std::vector<int32_t> component = StronglyConnectedComponents(graph);
  EXPECT_EQ(component.front(), 999'999);
  EXPECT_EQ(component.back(), 0);
}

}  // namespace
}  // namespace rankle::localize
