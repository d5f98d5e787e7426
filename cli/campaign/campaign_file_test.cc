#include "cli/campaign/campaign_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kWhole[] = R"(version: 1
workloads:
  - name: train
    command: [build/bin/train, --steps, "50"]
    ranks: 3
    virtual_gpus: 3
    timeout: 20s
    roles: { server: 0, client: 1-2 }
    replay: { ranks: 8, command: [build/bin/train, --large] }
  - name: idle
    command: [sleep, "1"]
points: { include: ["connect*", "send*"], exclude: ["*libc*"] }
delays: [50ms, 2s]
profile_repeats: 4
repeats: 2
most_repeats: 6
budget: 40
seed: 7
policy: random
test: welch
executor: { kind: slurm, jobs: 16, sbatch: [--partition=small] }
)";

std::string Error(const std::string& text) {
  const auto campaign = ParseCampaign(text, "c.yaml");
  EXPECT_FALSE(campaign.ok());
  return std::string(campaign.status().message());
}

TEST(CampaignFile, EverythingCanBeSaid) {
  const auto campaign = ParseCampaign(kWhole, "c.yaml");
  ASSERT_TRUE(campaign.ok()) << campaign.status();
  ASSERT_EQ(campaign->workloads.size(), 2u);
  const Workload& train = campaign->workloads[0];
  EXPECT_THAT(train.command, ElementsAre("build/bin/train", "--steps", "50"));
  EXPECT_EQ(train.ranks, 3);
  EXPECT_EQ(train.timeout_ns, 20'000'000'000u);
  EXPECT_EQ(train.replay.ranks, 8);
  EXPECT_THAT(train.replay.command, ElementsAre("build/bin/train", "--large"));
  EXPECT_EQ(RoleOf(train, 0), "server");
  EXPECT_EQ(RoleOf(train, 2), "client");
  EXPECT_EQ(RoleOf(campaign->workloads[1], 0), "root");
  EXPECT_EQ(RoleOf(campaign->workloads[1], 5), "worker");
  EXPECT_THAT(campaign->points.include, ElementsAre("connect*", "send*"));
  EXPECT_THAT(campaign->delays_ns, ElementsAre(50'000'000, 2'000'000'000));
  EXPECT_EQ(campaign->budget, 40);
  EXPECT_EQ(campaign->policy, CampaignPolicy::kRandom);
  EXPECT_EQ(campaign->test, CampaignTest::kWelch);
  EXPECT_TRUE(campaign->slurm);
  EXPECT_EQ(campaign->jobs, 16);
  EXPECT_THAT(campaign->sbatch, ElementsAre("--partition=small"));
}

TEST(CampaignFile, PointsOfSourcesAndLaterHits) {
  const auto campaign = ParseCampaign(
      "version: 1\nworkloads: [ { name: a, command: [x] } ]\nlater_hits: true\n"
      "points: { ids: ['00000000000000a1', 81be71640958], overlays: /tmp/overlay }\n",
      "c.yaml");
  ASSERT_TRUE(campaign.ok()) << campaign.status();
  EXPECT_TRUE(campaign->later_hits);
  EXPECT_THAT(campaign->points.ids, ElementsAre(0xa1, 0x81be71640958));
  EXPECT_THAT(campaign->points.overlays, ElementsAre("/tmp/overlay"));
}

TEST(CampaignFile, LittleMustBeSaid) {
  const auto campaign = ParseCampaign("version: 1\nworkloads: [ { name: a, command: [x] } ]\n", "c.yaml");
  ASSERT_TRUE(campaign.ok()) << campaign.status();
  EXPECT_EQ(campaign->policy, CampaignPolicy::kDirected);
  EXPECT_FALSE(campaign->slurm);
}

TEST(CampaignFile, NoRanksAndNoGpusAreTheDefaults) {
  const auto campaign = ParseCampaign(
      "version: 1\nworkloads: [ { name: a, command: [x], ranks: 0, virtual_gpus: 0 } ]\n", "c.yaml");
  ASSERT_TRUE(campaign.ok()) << campaign.status();
  EXPECT_EQ(campaign->workloads[0].ranks, 0);
}

TEST(CampaignFile, ErrorsNameTheLine) {
  const std::string begin = "version: 1\nworkloads:\n  - name: a\n    command: [x]\n";
  EXPECT_THAT(Error(begin + "points: { ids: [nowhere] }\n"), HasSubstr("c.yaml:5: 'nowhere' is no id"));
  EXPECT_THAT(Error(begin + "later_hits: 7\n"), HasSubstr("there are false, true"));
  EXPECT_THAT(Error(begin + "bugdet: 4\n"),
              AllOf(StartsWith("c.yaml:5: unknown key 'bugdet'"), HasSubstr("budget")));
  EXPECT_THAT(Error(begin + "budget: 0\n"), StartsWith("c.yaml:5: a budget of 0"));
  EXPECT_THAT(Error(begin + "delays: [1s, 0s]\n"), StartsWith("c.yaml:5: a delay of 0"));
  EXPECT_THAT(Error(begin + "policy: fair\n"),
              StartsWith("c.yaml:5: 'fair' is not known; there are directed"));
  EXPECT_THAT(Error(begin + "    roles: { server: 3-1 }\n"), StartsWith("c.yaml:5: '3-1' is no rank"));
  EXPECT_THAT(Error(begin + "    roles: { server: 0-2, client: 2-3 }\n"), HasSubstr("are of 'server', too"));
  EXPECT_THAT(Error(begin + "    timeout: 0s\n"), StartsWith("c.yaml:5: a timeout of 0"));
  EXPECT_THAT(Error(begin + "  - name: a\n    command: [y]\n"), StartsWith("c.yaml:5: a second workload"));
  EXPECT_THAT(Error(begin + "repeats: 9\n"), HasSubstr("'most_repeats' is less than 'repeats'"));
  EXPECT_THAT(Error("version: 2\nworkloads: []\n"), StartsWith("c.yaml:1: version 2"));
  EXPECT_THAT(Error("workloads: [ { name: a, command: [x] } ]\n"), HasSubstr("'version: 1' is missing"));
  EXPECT_THAT(Error("version: 1\nworkloads: [ { command: [x] } ]\n"), HasSubstr("no name"));
}

}  // namespace
}  // namespace rankle::cli
