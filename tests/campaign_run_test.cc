// Whole campaigns, on programs that everybody has: `cat` reads and writes a file, which gives fault points
// enough.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>

#include "analyzer/store/sql.h"
#include "tests/support/rankle_process.h"
#include "tests/support/small_disk.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class CampaignRun : public ::testing::Test {
 protected:
  CampaignRun() {
    fs::create_directories(scratch_.Path("data"));
    std::ofstream(scratch_.Path("data/file")) << "hello\n";
  }
  // `more` stands beside the workloads.
  std::string Write(const std::string& workloads, const std::string& more = "") const {
    const std::string path = scratch_.Path("campaign.yaml");
    std::ofstream(path) << "version: 1\nworkloads:\n"
                        << workloads << "delays: [10ms]\nprofile_repeats: 3\nrepeats: 2\n"
                        << "most_repeats: 3\n"
                        << more;
    return path;
  }
  std::string Cat() const {
    return "  - { name: cat, command: [cat, " + scratch_.Path("data/file") + "], ranks: 1, timeout: 10s }\n";
  }
  std::string out(const std::string& name = "out") const { return scratch_.Path(name); }
  std::vector<std::string> Campaign(const std::string& file, const std::string& name = "out") const {
    return {"campaign", file, "-o", out(name)};
  }
  // Every run as "workload plan repeat state", in order of planning.
  static std::vector<std::string> Runs(const std::string& directory) {
    auto database = store::Database::OpenFile(directory + "/campaign.sqlite");
    auto result = database->Query(
        "SELECT workload || ' ' || plan || ' ' || repeat || ' ' || state FROM runs ORDER BY id");
    std::vector<std::string> runs;
    for (const auto& row : result->rows) runs.push_back(std::get<std::string>(row[0]));
    return runs;
  }
  ScratchDirectory scratch_;
};

TEST_F(CampaignRun, TriesFaultsWithinTheBudgetAndKeepsWhatTheyCause) {
  const std::string file = Write(Cat(), "budget: 3\n");
  const Finished run = RunRankle(Campaign(file));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("3 experiments"));
  const std::vector<std::string> runs = Runs(out());
  EXPECT_EQ(std::count(runs.begin(), runs.end(), "cat  0 finished"), 1);
  EXPECT_THAT(runs, Not(::testing::Contains(HasSubstr("planned"))));
  EXPECT_THAT(runs, ::testing::Contains(HasSubstr("site=")));
  EXPECT_TRUE(fs::is_empty(out() + "/results"));
  EXPECT_TRUE(fs::is_empty(out() + "/runs")) << "records of runs that were observed are kept for nobody";
}

// The same campaign twice: one is killed again and again, and comes to the same runs.
TEST_F(CampaignRun, KilledAtAnyMomentItGoesOnWhereItWas) {
  const std::string file = Write(Cat(), "budget: 4\n");
  ASSERT_EQ(RunRankle(Campaign(file, "whole")).exit_code, 0);
  std::mt19937 random(7);
  const auto arguments = [&] {
    std::vector<std::string> words = Campaign(file);
    if (fs::exists(out() + "/campaign.sqlite")) words.emplace_back("--resume");
    return words;
  };
  constexpr int kKills = 8;
  for (int kill = 0; kill < kKills; ++kill) {
    RankleProcess runner(arguments());
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(random() % 700);
    WaitUntil([&] { return std::chrono::steady_clock::now() >= until; });
    runner.Signal(SIGKILL);
    runner.Wait();
  }
  const Finished end = RankleProcess(arguments()).Wait(120);
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(Runs(out()), Runs(out("whole")));
  EXPECT_TRUE(WaitUntil([&] { return ProcessesWith(out()).empty(); })) << "leftovers of killed runs";
}

TEST_F(CampaignRun, TwoRunnersOnOneStateAreRefused) {
  const std::string file =
      Write("  - { name: slow, command: [sleep, '5'], ranks: 1, timeout: 20s }\n", "budget: 1\n");
  const RankleProcess first(Campaign(file));
  ASSERT_TRUE(WaitUntil([&] { return fs::exists(out() + "/campaign.yaml"); }));
  std::vector<std::string> again = Campaign(file);
  again.emplace_back("--resume");
  const Finished second = RunRankle(again);
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, HasSubstr("another runner"));
}

// Runs that find no room are neither failures nor measurements: they are made when there is room again.
TEST_F(CampaignRun, AFullDiskLosesNothingAndResumeGoesOn) {
  const std::string disk = scratch_.Path("disk"), filler = disk + "/filler";
  const std::string file = Write("  - { name: slow, command: [sh, -c, 'cat " + scratch_.Path("data/file") +
                                     "; sleep 0.2'], ranks: 1, timeout: 10s }\n",
                                 "budget: 1\n");
  std::vector<std::string> words{"campaign", file, "-o", disk + "/out"};
  const bool done = OnSmallDisk(disk, 64, [&] {
    const auto finished = [&] {
      const std::vector<std::string> runs = Runs(disk + "/out");
      return std::count_if(runs.begin(), runs.end(),
                           [](const auto& run) { return run.ends_with(" finished"); });
    };
    RankleProcess runner(words);
    ASSERT_TRUE(WaitUntil([&] { return fs::exists(disk + "/out/campaign.yaml") && finished() >= 1; }));
    FillBut(filler, 512 << 10);
    const Finished full = runner.Wait();
    EXPECT_EQ(full.exit_code, 2) << full.out << full.err;
    EXPECT_THAT(full.err, HasSubstr("the disk is full"));
    EXPECT_THAT(full.err, HasSubstr("make room and --resume"));
    const auto before = finished();
    words.emplace_back("--resume");
    const Finished still = RunRankle(words);
    EXPECT_EQ(still.exit_code, 2);
    EXPECT_THAT(still.err, HasSubstr("the disk is full"));
    fs::remove(filler);
    const Finished end = RunRankle(words);
    EXPECT_EQ(end.exit_code, 0) << end.err;
    EXPECT_THAT(end.out, HasSubstr("(0 gave nothing to compare)"));
    EXPECT_GT(finished(), before);
  });
  if (!done) GTEST_SKIP() << "no small file system can be mounted here";
}

// Every third run fails, whatever is injected: the file counts them.
TEST_F(CampaignRun, AFlakyWorkloadIsUsedAndSaid) {
  const std::string count = scratch_.Path("count");
  const std::string file =
      Write("  - { name: flaky, command: [sh, -c, 'echo >> " + count + "; cat " + count +
                " > /dev/null; test $(( $(wc -l < " + count + ") % 3 )) -ne 0'], ranks: 1, timeout: 10s }\n",
            "budget: 1\n");
  const Finished run = RunRankle(Campaign(file));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, ::testing::ContainsRegex(
                           "workload 'flaky': [0-9]+ of [0-9]+ plain runs fail without any fault: it is "
                           "flaky"));
  EXPECT_THAT(run.out, HasSubstr("1 experiments"));
}

TEST_F(CampaignRun, ABudgetOfNothingIsRefused) {
  const Finished run = RunRankle(Campaign(Write(Cat(), "budget: 0\n")));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(Lines(run.err), 1) << run.err;
  EXPECT_THAT(run.err, HasSubstr("a budget of 0 tries no fault; give at least 1"));
  EXPECT_FALSE(fs::exists(out())) << "nothing was begun";
}

TEST_F(CampaignRun, NothingMeasuredIsAnError) {
  const std::string file = Write("  - { name: none, command: [\"true\"], ranks: 1 }\n");
  const Finished run = RunRankle(Campaign(file));
  EXPECT_EQ(run.exit_code, 2) << run.out;
  EXPECT_THAT(run.err, HasSubstr("no run could be measured"));
}

TEST_F(CampaignRun, WhatCannotBeComparedIsSaid) {
  const std::string file = Write(Cat() +
                                     "  - { name: broken, command: [cat, /no/such/file], ranks: 1 }\n"
                                     "  - { name: stuck, command: [sleep, '100'], ranks: 1, timeout: 1s }\n",
                                 "budget: 1\npoints: { include: ['no such function*'] }\n");
  const Finished run = RunRankle(Campaign(file));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("workload 'broken': 3 of 3 plain runs fail without any fault"));
  EXPECT_THAT(run.err,
              HasSubstr("workload 'stuck': 3 of 3 plain runs fail without any fault (3 of them take longer"));
  EXPECT_THAT(run.err, HasSubstr("reach no fault point"));
  EXPECT_THAT(run.err, HasSubstr("points: no plain run reaches anything like 'no such function*'"));
}

TEST_F(CampaignRun, AnUnusableCampaignGetsOneLine) {
  const std::string absent = Write("  - { name: a, command: [no-such-program-at-all] }\n");
  const Finished run = RunRankle(Campaign(absent));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(Lines(run.err), 1) << run.err;
  EXPECT_THAT(run.err, HasSubstr("campaign.yaml:3: workload 'a'"));
  ASSERT_EQ(RunRankle(Campaign(Write(Cat(), "budget: 1\n"))).exit_code, 0);
  const Finished forgotten = RunRankle(Campaign(Write(Cat(), "budget: 1\n")));
  EXPECT_EQ(forgotten.exit_code, 2);
  EXPECT_THAT(forgotten.err, HasSubstr("--resume"));
  const Finished edited = RunRankle({"campaign", Write(Cat(), "budget: 2\n"), "-o", out(), "--resume"});
  EXPECT_EQ(edited.exit_code, 2);
  EXPECT_THAT(edited.err, HasSubstr("another campaign file"));
}

}  // namespace
}  // namespace rankle::testing
