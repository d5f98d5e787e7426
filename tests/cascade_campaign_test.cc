// From a planted cascade to its cycle: a campaign on a real program and on its fixed twin, and a replay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

using ::testing::HasSubstr;

// Two points are enough to close the cycle, and few enough for a test; scripts/cascades tries all.
class CascadeCampaign : public ::testing::Test {
 protected:
  std::string CampaignOn(const std::string& options) {
    const std::string file = scratch_.Path("campaign.yaml"), out = scratch_.Path("out");
    const std::string command = "[" RETRY_STORM ", " + options + "--workload, training]";
    std::ofstream(file) << "version: 1\n"
                           "workloads:\n"
                           "  - name: training\n"
                           "    ranks: 2\n"
                           "    command: "
                        << command
                        << "\n"
                           "    timeout: 30s\n"
                           "    replay: { ranks: 4 }\n"
                           "points: { include: ['recv from *AwaitParameters*', 'read from *ReadShard*'] }\n"
                           "delays: [200ms]\n"
                           "profile_repeats: 8\n"
                           "executor: { jobs: 6 }\n";
    const Finished made = RunRankle({"campaign", file, "-o", out});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return out;
  }
  ScratchDirectory scratch_;
};

TEST_F(CascadeCampaign, FindsThePlantedCycleAndSetsItOffByOneFault) {
  const std::string out = CampaignOn("");
  const Finished stitched = RunRankle({"stitch", out, "--confirm", "--format", "json"});
  ASSERT_EQ(stitched.exit_code, 3) << stitched.err;
  const nlohmann::json cycles = nlohmann::json::parse(stitched.out).at("cycles");
  ASSERT_EQ(cycles.size(), 1u);
  std::vector<std::string> faults;
  for (const nlohmann::json& edge : cycles[0].at("edges")) faults.push_back(edge.at("fault").at("text"));
  EXPECT_THAT(faults, ::testing::UnorderedElementsAre(HasSubstr("AwaitParameters"), HasSubstr("ReadShard")));
  const nlohmann::json& confirmation = cycles[0].at("confirmation");
  EXPECT_TRUE(confirmation.at("confirmed")) << confirmation.dump();
  // The outcome is kept, and the plan is one that `rankle run` takes.
  EXPECT_THAT(RunRankle({"stitch", out}).out, HasSubstr("confirmed: "));
  const std::string page = scratch_.Path("cycles.html");
  EXPECT_EQ(RunRankle({"stitch", out, "--format", "html", "-o", page}).exit_code, 3);
  EXPECT_THAT(ReadWhole(page), ::testing::StartsWith("<!doctype html>"));
  EXPECT_THAT(ReadWhole(page), HasSubstr("data-links=\"2\""));
  EXPECT_THAT(ReadWhole(page), HasSubstr("Confirmed: "));
  EXPECT_EQ(cycles[0].at("taxonomy").at("root_causes").at(0), "hardware_network_environment");
  const std::string plan = scratch_.Path("plan.yaml");
  std::ofstream(plan) << confirmation.at("plan").get<std::string>();
  const Finished checked = RunRankle({"faults", "check", plan});
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;

  // An incident of that kind is told from a run that went well.
  const auto run = [&](const std::string& name, const std::vector<std::string>& options) {
    std::vector<std::string> words{"run", "-n", "4", "--sites", "-o", scratch_.Path(name)};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", RETRY_STORM, "--workload", "training"});
    RunRankle(words);
    return scratch_.Path(name);
  };
  const std::string broken = run("broken", {"--plan", plan});
  const std::string good = run("good", {}), other = run("other", {});
  EXPECT_THAT(RunRankle({"stitch", out, "--incident", broken, "--healthy", good, "--healthy", other}).out,
              HasSubstr("cycle 1 is whole in it"));
  EXPECT_THAT(RunRankle({"stitch", out, "--incident", other, "--healthy", good}).out,
              HasSubstr("no cycle is whole"));
  EXPECT_EQ(RunRankle({"stitch", out, "--incident", broken}).exit_code, 2)
      << "of another size than the campaign's";
}

TEST_F(CascadeCampaign, FindsNothingInTheFixedTwin) {
  const Finished stitched = RunRankle({"stitch", CampaignOn("--fixed, ")});
  EXPECT_EQ(stitched.exit_code, 0) << stitched.out << stitched.err;
  EXPECT_THAT(stitched.out, HasSubstr("0 cycles"));
}

}  // namespace
}  // namespace rankle::testing
