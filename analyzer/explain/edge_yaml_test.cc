// Edge files are read strictly, and the built-in ones hold together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "analyzer/explain/edge.h"

namespace rankle::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kEdge[] = R"(version: 1
edges:
  - id: a/b
    text: why
    cause: { kind: [call, async_error], error: "nccl*", not_error: ncclInProgress }
    effect: { kind: end }
    reach: peer
    at_least: 1ms
    at_most: 2s
)";

std::string ErrorOf(std::string_view text) {
  return std::string(ParseEdges(text, "e.yaml").status().message());
}
std::string With(const std::string& from, const std::string& to) {
  std::string text = kEdge;
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(EdgeFileTest, EdgeIsReadWithItsBounds) {
  const auto edges = ParseEdges(kEdge, "e.yaml");
  ASSERT_TRUE(edges.ok()) << edges.status();
  const CauseEdge& edge = edges->at(0);
  EXPECT_EQ(edge.id, "a/b");
  EXPECT_THAT(edge.cause.kinds, ElementsAre(EventKind::kCall, EventKind::kAsync));
  EXPECT_EQ(edge.reach, Reach::kPeer);
  EXPECT_EQ(edge.least_ns, 1'000'000);
  EXPECT_EQ(edge.most_ns, 2'000'000'000);
  EXPECT_EQ(edge.source, "e.yaml");
}

TEST(EdgeFileTest, SeveralReachesAreThatManyEdges) {
  const auto edges = ParseEdges(With("reach: peer", "reach: [same_rank, peer]"), "e.yaml");
  ASSERT_TRUE(edges.ok()) << edges.status();
  ASSERT_EQ(edges->size(), 2u);
  EXPECT_EQ(edges->at(0).reach, Reach::kSameRank);
  EXPECT_EQ(edges->at(1).reach, Reach::kPeer);
  EXPECT_EQ(edges->at(0).id, edges->at(1).id);
}

TEST(EdgeFileTest, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(ErrorOf(With("reach: peer", "reach: far")), HasSubstr("e.yaml:7: 'reach' is same_rank"));
  EXPECT_THAT(ErrorOf(With("kind: end", "kind: ends")), HasSubstr("e.yaml:6: unknown kind of event 'ends'"));
  EXPECT_THAT(ErrorOf(With("at_least", "least")), HasSubstr("e.yaml:8: unknown key 'least'"));
  EXPECT_THAT(ErrorOf(With("at_most: 2s", "at_most: 2")), HasSubstr("e.yaml:9: "));
  EXPECT_THAT(ErrorOf(With("    at_most: 2s\n", "")), HasSubstr("the edge has no 'at_most'"));
  EXPECT_THAT(ErrorOf(With("at_most: 2s", "at_most: 1us")), HasSubstr("'at_least' is more than 'at_most'"));
}

TEST(EdgeFileTest, PatternNeedsAllThatItNames) {
  const EventPattern pattern = ParseEdges(kEdge, "e.yaml")->at(0).cause;
  Event event;
  event.kind = EventKind::kCall, event.error = "ncclRemoteError";
  EXPECT_TRUE(Matches(pattern, event));
  event.error = "ncclInProgress";
  EXPECT_FALSE(Matches(pattern, event));
  event.error = "cudaErrorInvalidValue";
  EXPECT_FALSE(Matches(pattern, event));
  event.error = "ncclRemoteError", event.kind = EventKind::kException;
  EXPECT_FALSE(Matches(pattern, event));
}

TEST(EdgeFileTest, BuiltInEdgesAreReadAndTheirIdsDiffer) {
  std::vector<std::string> problems;
  const std::vector<CauseEdge> edges = BuiltInEdges(problems);
  EXPECT_THAT(problems, IsEmpty());
  std::set<std::pair<std::string, Reach>> ids;
  for (const CauseEdge& edge : edges) EXPECT_TRUE(ids.emplace(edge.id, edge.reach).second) << edge.id;
  EXPECT_TRUE(ids.contains({"peer-lost/remote-error", Reach::kPeer}));
}

TEST(EdgeFileTest, DirectoryReplacesAKnownEdgeAndABrokenFileIsReported) {
  const auto directory = std::filesystem::path(::testing::TempDir()) / "explain_edges";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "mine.yaml") << With("why", "mine");
  std::ofstream(directory / "broken.yaml") << "version: 2\n";
  std::vector<CauseEdge> edges = *ParseEdges(kEdge, "built-in");
  std::vector<std::string> problems;
  ASSERT_TRUE(AddEdgesFrom(directory, edges, problems).ok());
  ASSERT_EQ(edges.size(), 1u);
  EXPECT_EQ(edges[0].text, "mine");
  EXPECT_THAT(problems, ElementsAre(HasSubstr("broken.yaml:1: 'version: 1' is missing")));
  EXPECT_FALSE(AddEdgesFrom(directory / "none", edges, problems).ok());
}

}  // namespace
}  // namespace rankle::explain
