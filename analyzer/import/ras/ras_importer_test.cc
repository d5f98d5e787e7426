// Snapshots of jobs that run, hang, lose a process; and what they tell beside other records.
#include "analyzer/import/ras/ras_importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "analyzer/analyze.h"
#include "analyzer/testing/dump_files.h"
#include "analyzer/testing/nccl_tools.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using rankle::testing::RasCommunicatorText;
using rankle::testing::RasPeerDead;
using rankle::testing::RasStatus;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RasTest : public ::testing::Test {
 protected:
  RasTest() : directory_(fs::path(::testing::TempDir()) / absl::StrCat("ras-", getpid())) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~RasTest() override { fs::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(directory_ / name) << text; }
  Report Analyzed() {
    auto report = Analyze({directory_.string()}, {});
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return {};
    EXPECT_THAT(report->problems, IsEmpty());
    return *std::move(report);
  }

  fs::path directory_;
};

TEST_F(RasTest, ARankThatStaysBehindWhileNothingMovesNeverEntered) {
  Write("b.json", RasStatus("13:06:53", {100, 100, 99, 100}));
  Write("a.json", RasStatus("13:08:53", {100, 100, 99, 100}));  // names say nothing
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.victims, ElementsAre(0, 1, 3));
  EXPECT_THAT(report.verdict.hosts, ElementsAre("10.0.0.1"));
  EXPECT_EQ(report.findings.front().op, "AllReduce");
  EXPECT_EQ(report.findings.front().seq, 100);
  EXPECT_GT(report.verdict.confidence, 0.5);
  EXPECT_LE(report.verdict.confidence, 0.75);  // launches prove no more
}

TEST_F(RasTest, SnapshotsOfOneFileAreOneJob) {
  Write("polls", absl::StrCat("OK\n", RasStatus("13:06:53", {100, 100}), RasStatus("13:08:53", {101, 100}),
                              "\n", RasStatus("13:18:53", {101, 100})));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

TEST_F(RasTest, CountsThatMoveAreNoHangHoweverTheyDiffer) {
  Write("polls", RasStatus("13:06:53", {100, 100, 97, 100}) + RasStatus("13:07:53", {150, 149, 147, 150}));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "healthy");
  EXPECT_LE(report.verdict.confidence, 0.5);
}

TEST_F(RasTest, OneSnapshotProvesNothing) {
  Write("status.json", RasStatus("13:06:53", {100, 100, 97, 100}));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "unknown");
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
  EXPECT_THAT(report.verdict.summary, HasSubstr("a second one"));
  EXPECT_THAT(report.findings.front().evidence,
              ElementsAre("comm 0xabc: AllReduce: ranks 0, 1, 3 launched 100, rank 2 launched 97"));
}

TEST_F(RasTest, AJobInAKernelLooksLikeOneThatComputes) {
  Write("polls", RasStatus("13:06:53", {100, 100}) + RasStatus("13:16:53", {100, 100}));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "unknown");
  EXPECT_THAT(report.verdict.summary, HasSubstr("nothing was launched for 600 s"));
}

TEST_F(RasTest, SnapshotsShortlyAfterEachOtherShowNoHang) {
  Write("polls", RasStatus("13:06:53", {100, 99}) + RasStatus("13:06:57", {100, 99}));
  EXPECT_EQ(Analyzed().verdict.anomaly, "unknown");
}

// Rank 1 launched an all-gather where the others launched an all-reduce.
TEST_F(RasTest, OtherFunctionsAtTheSamePlaceAreAMismatch) {
  RasCommunicatorText c;
  c.processes = {0, 1, 2, 3};
  for (int r = 0; r < 4; ++r) c.ranks.push_back({.rank = r, .all_reduces = 10, .all_gathers = 5});
  ++c.ranks[1].all_gathers;
  for (const int r : {0, 2, 3}) ++c.ranks[r].all_reduces;
  Write("polls", RasStatus("13:06:53", {c}) + RasStatus("13:26:53", {c}));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

// The pair (2, 3) waits for rank 3, and the world for the pair: blame goes to the end of the chain.
TEST_F(RasTest, WaitsAreFollowedOverCommunicators) {
  RasCommunicatorText world, pair;
  world.processes = {0, 1, 2, 3}, pair.processes = {2, 3}, pair.hash = 0xdef;
  for (int r = 0; r < 4; ++r) world.ranks.push_back({.rank = r, .all_reduces = r < 2 ? 8u : 7u});
  pair.ranks = {{.rank = 0, .all_reduces = 4}, {.rank = 1, .all_reduces = 3}};
  Write("polls", RasStatus("13:06:53", {pair, world}) + RasStatus("13:26:53", {pair, world}));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

RasCommunicatorText WithMissing(bool dead) {
  RasCommunicatorText c;
  c.processes = {0, 1, 2, 3};
  for (int r = 0; r < 4; ++r) c.ranks.push_back({.rank = r, .all_reduces = 10});
  c.ranks[3].missing = c.ranks[3].unresponsive = true, c.ranks[3].dead = dead;
  return c;
}

TEST_F(RasTest, ADeadPeerIsTheCulprit) {
  Write("status.json", RasStatus("13:06:53", {WithMissing(true)}));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "crash.process");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  EXPECT_GT(report.verdict.confidence, 0.5);
}

TEST_F(RasTest, APeerThatDidNotAnswerOnceIsNamedWithLessConfidence) {
  Write("status.json", RasStatus("13:06:53", {WithMissing(false)}));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "crash.process");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  EXPECT_LE(report.verdict.confidence, 0.5);
}

TEST_F(RasTest, TheMonitorSaysWhoDied) {
  Write("status.json", RasStatus("13:06:53", {10, 10, 10, 10}) + RasStatus("13:07:53", {12, 12, 12, 12}));
  Write("monitor.json", "RAS Monitor Mode - watching\n" + RasPeerDead("13:08:00", 1));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "crash.process");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

// A process that has left the communicator is reachable, and nobody waits for it.
TEST_F(RasTest, APeerThatHasLeftIsNoCulprit) {
  RasCommunicatorText c = WithMissing(false);
  c.ranks[3].unresponsive = false;
  for (int r = 0; r < 3; ++r) c.ranks[r].finalizing = true;
  Write("status.json", RasStatus("13:06:53", {c}));
  EXPECT_EQ(Analyzed().verdict.anomaly, "unknown");
}

TEST_F(RasTest, AnAsynchronousErrorIsACrashOfItsRank) {
  RasCommunicatorText c;
  c.processes = {0, 1, 2, 3};
  for (int r = 0; r < 4; ++r) c.ranks.push_back({.rank = r, .all_reduces = 10, .async_error = 6});  // remote
  c.ranks[2].async_error = 2;                                                                       // system
  Write("status.json", RasStatus("13:06:53", {c}));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "crash.nccl");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST_F(RasTest, AnOperationInProgressIsNoError) {
  RasCommunicatorText c;
  c.processes = {0, 1};
  c.ranks = {{.rank = 0, .init_state = 7}, {.rank = 1, .async_error = 7}};
  Write("status.json", RasStatus("13:06:53", {c}));
  EXPECT_EQ(Analyzed().verdict.anomaly, "unknown");
}

TEST_F(RasTest, ACutSnapshotLeavesThoseBefore) {
  const std::string whole = RasStatus("13:06:53", {100, 99}) + RasStatus("13:08:53", {100, 99});
  Write("polls", whole + RasStatus("13:18:53", {101, 100}).substr(0, 500));
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_EQ(report.data_quality.cut_files, 1u);
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("cut short")));
}

TEST_F(RasTest, CommunicatorsThatCannotBeAreLeftOut) {
  const std::string good = RasStatus("13:06:53", {100, 99});
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"size\": 2", "\"size\": 2000000000"},
                                                        {"\"size\": 2", "\"size\": 1"},
                                                        {"\"rank\": 1", "\"rank\": 0"}}) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    Write("status.json", bad);
    EXPECT_FALSE(Analyze({directory_.string()}, {}).ok()) << to;
    Write("status.json", bad + good);
    EXPECT_EQ(Analyzed().data_quality.malformed, 1u) << to;
  }
}

TEST_F(RasTest, MissingKeysAreNoErrors) {
  Write("status.json",
        R"({"communicators_count": 1, "cuda_driver_version": 1, "communicators": [{"hash": "0x1",
    "size": 2, "ranks": [{"rank": 0, "host": "h", "pid": 7}, {"rank": 1}]}]})");
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "unknown");
  EXPECT_THAT(report.data_quality.missing_ranks, ElementsAre(1));
}

// Beside Flight Recorder dumps RAS adds what it says, and changes nothing of the verdict.
TEST_F(RasTest, BesideOtherRecordsItIsATestimony) {
  rankle::testing::DumpDirectory dumps("ras_testimony");
  rankle::testing::DumpJob job(4);
  const int world = job.Group("default_pg", {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i) job.Collective(world);
  job.Collective(world, {.absent = {3}, .hangs = true});
  dumps.Write(job);
  const Report alone = dumps.Analyze();
  dumps.Write("status.json", RasStatus("13:06:53", {WithMissing(true)}));
  const Report report = dumps.Analyze();
  EXPECT_EQ(report.verdict.anomaly, alone.verdict.anomaly);
  EXPECT_EQ(report.verdict.ranks, alone.verdict.ranks);
  EXPECT_EQ(report.verdict.confidence, alone.verdict.confidence);
  const auto said =
      std::find_if(report.causal_chain.begin(), report.causal_chain.end(),
                   [](const ChainLink& link) { return link.event.find("RAS said: ") != std::string::npos; });
  ASSERT_NE(said, report.causal_chain.end());
  EXPECT_EQ(said->rank, 3);
  EXPECT_THAT(said->event, HasSubstr("process 1003 on 10.0.0.1) is considered dead"));
  dumps.Write("status.json", RasStatus("13:06:53", {10, 10, 10, 10}));
  std::string joined = RasPeerDead("13:06:50", 1);  // everyday business
  joined.replace(joined.find("PEER_DEAD"), 9, "PEER_NEW");
  dumps.Write("monitor.json", joined);
  for (const store::InputFiles& input : dumps.Analyze().inputs) {
    if (input.format == "nccl-ras") {
      EXPECT_THAT(input.why, HasSubstr("nothing to add"));
    }
  }
}

}  // namespace
}  // namespace rankle::import
