// A campaign on an instrumented program: its loops and detectors are places, and its points are faults; and
// what is said when sources, overlay and program do not belong together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

class PointsCampaign : public ::testing::Test {
 protected:
  PointsCampaign() {
    fs::create_directories(scratch_.Path("tree"));
    fs::copy(POINTS_CASCADE "/main.cc", scratch_.Path("tree/main.cc"));
    Instrument();
    const std::string command = "g++ -std=c++17 -O1 -pthread -o '" + scratch_.Path("program") + "' '" +
                                scratch_.Path("overlay/main.cc") + "'";
    EXPECT_EQ(system(command.c_str()), 0) << command;
  }
  void Instrument() const {
    const Finished made =
        RunRankle({"instrument", "-o", scratch_.Path("overlay"), "--root", scratch_.Path("tree"),
                   scratch_.Path("tree/main.cc"), "--", "-std=c++17"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }
  // 3 units, each asked for at most twice, 2 pieces an answer.
  Finished Campaign(const std::string& points, const std::string& more = "") const {
    const std::string file = scratch_.Path("campaign.yaml");
    std::ofstream(file) << "version: 1\n"
                           "workloads:\n"
                           "  - { name: training, ranks: 1, command: ["
                        << scratch_.Path("program")
                        << ", '3', '2', '2'], timeout: 30s }\n"
                           "points: { overlays: ["
                        << scratch_.Path("overlay") << "], " << points
                        << " }\n"
                           "delays: [200ms]\n"
                           "executor: { jobs: 2 }\n"
                        << more;
    return RunRankle({"campaign", file, "-o", out()});
  }
  std::string out() const { return scratch_.Path("out"); }
  ScratchDirectory scratch_;
};

TEST_F(PointsCampaign, ANegatedDetectorLeadsToMoreIterationsAndTheirDelayBackToIt) {
  const Finished made = Campaign("include: ['detector *IsLate*', 'loop * from *ReadShard*']");
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.err, ::testing::Not(HasSubstr("points"))) << made.err;
  const Finished edges = RunRankle({"stitch", out(), "--edges"});
  const Finished stitched = RunRankle({"stitch", out(), "--format", "json"});
  ASSERT_EQ(stitched.exit_code, 3) << edges.out;
  const json cycles = json::parse(stitched.out).at("cycles");
  ASSERT_EQ(cycles.size(), 1u) << edges.out;
  std::vector<std::string> links;
  for (const json& edge : cycles[0].at("edges")) {
    links.push_back(edge.at("fault").at("kind").get<std::string>() + " " +
                    edge.at("effect").get<std::string>() + " " + edge.at("to").at("name").get<std::string>());
  }
  EXPECT_THAT(links, ::testing::UnorderedElementsAre(
                         ::testing::AllOf(HasSubstr("negation more_work"),
                                          HasSubstr("loop for from cascade::Server::ReadShard")),
                         ::testing::AllOf(HasSubstr("delay new_behaviour"),
                                          HasSubstr("detector cascade::Client::IsLate"))));
  // What the instrumentation does for itself is nobody's place.
  EXPECT_THAT(edges.out, ::testing::Not(HasSubstr("rankle_points")));
}

TEST_F(PointsCampaign, IdsOfAnEditedTreeAreSaid) {
  const json list = json::parse(ReadWhole(scratch_.Path("overlay/rankle-points/points.json")));
  std::string loop;
  for (const json& point : list.at("points")) {
    if (point.at("function") == "cascade::Server::ReadShard" && point.at("kind") == "loop")
      loop = point.at("id");
  }
  ASSERT_FALSE(loop.empty());
  // The loop's head is written anew, so its id is another; the program is still the old one.
  std::string source = ReadWhole(scratch_.Path("tree/main.cc"));
  const std::string head = "for (int piece = 0; piece < pieces_; ++piece)";
  ASSERT_NE(source.find(head), std::string::npos);
  source.replace(source.find(head), head.size(), "for (int piece = 0; piece != pieces_; ++piece)");
  std::ofstream(scratch_.Path("tree/main.cc")) << source;
  Instrument();
  const Finished made =
      Campaign("ids: ['" + loop + "'], include: ['detector *IsLate*']", "budget: 1\nrepeats: 2\n");
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("1 instrumented points of the program are in no list"));
  EXPECT_THAT(made.err, HasSubstr("no plain run reaches " + loop));
}

TEST_F(PointsCampaign, AFolderThatIsNoOverlayIsSaid) {
  fs::remove_all(scratch_.Path("overlay/rankle-points"));
  const Finished made = Campaign("include: ['loop *']");
  EXPECT_EQ(made.exit_code, 2);
  EXPECT_EQ(Lines(made.err), 1) << made.err;
  EXPECT_THAT(made.err, HasSubstr("'overlays' names folders that rankle instrument wrote"));
}

}  // namespace
}  // namespace rankle::testing
