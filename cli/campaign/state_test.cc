#include "cli/campaign/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StateTest : public ::testing::Test {
 protected:
  StateTest() {
    std::string pattern = (fs::temp_directory_path() / "rankle-state-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~StateTest() override { fs::remove_all(directory_); }
  CampaignState Open(bool resume) const {
    auto state = CampaignState::Open(directory_, "the campaign", resume);
    EXPECT_TRUE(state.ok()) << state.status();
    return *std::move(state);
  }
  static stitch::RunObservation Seen(uint64_t hits) {
    stitch::RunObservation run;
    run.run = "any";
    run.workload = "w";
    run.rows = {{.role = "root",
                 .site = 1,
                 .call_site = 2,
                 .hits = hits,
                 .signatures = {3},
                 .parent = 0,
                 .per_parent = {}}};
    return run;
  }
  static std::vector<int64_t> Ids(const std::vector<CampaignRun>& runs) {
    std::vector<int64_t> ids;
    for (const CampaignRun& run : runs) ids.push_back(run.id);
    return ids;
  }
  std::string directory_;
};

const stitch::Fault kFault{
    .site = 9, .kind = stitch::FaultKind::kDelay, .parameter = 5, .context = 0, .role = "root"};

TEST_F(StateTest, WhatIsPlannedIsToldUntilItIsFinished) {
  CampaignState state = Open(false);
  ASSERT_TRUE(state
                  .Plan({{.workload = "w", .phase = "profile"},
                         {.workload = "w",
                          .fault = kFault,
                          .plan = "delay connect time=5ns site=9",
                          .repeat = 2,
                          .phase = "coverage"},
                         {.workload = "v", .phase = "profile"}})
                  .ok());
  const auto planned = state.Unfinished();
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_THAT(Ids(*planned), ElementsAre(1, 2, 3));
  EXPECT_EQ((*planned)[1].fault, kFault);
  EXPECT_EQ((*planned)[1].plan, "delay connect time=5ns site=9");
  EXPECT_EQ((*planned)[1].repeat, 2);
  EXPECT_EQ((*planned)[1].phase, "coverage");
  EXPECT_EQ((*planned)[0].fault, std::nullopt);
  ASSERT_TRUE(state.Finish(2, Seen(4), 1.5, "").ok());
  ASSERT_TRUE(state.Fail(3, 0.5, "cannot start").ok());
  EXPECT_THAT(Ids(*state.Unfinished()), ElementsAre(1));
  const auto counts = state.Count();
  EXPECT_EQ(counts->planned, 3);
  EXPECT_EQ(counts->finished, 1);
  EXPECT_EQ(counts->failed, 1);
  EXPECT_DOUBLE_EQ(counts->seconds, 2.0);
  const auto seen = state.Observations();
  ASSERT_THAT(seen->runs, SizeIs(1));
  EXPECT_EQ(seen->runs[0].run, "run 2");
  EXPECT_EQ(seen->runs[0].rows[0].hits, 4u);
  EXPECT_THAT(*state.Notes(), ElementsAre("v: cannot start (1 runs)"));
}

TEST_F(StateTest, NothingMeasuredIsLostWhenTheRunnerIsKilled) {
  const pid_t pid = fork();
  if (pid == 0) {
    CampaignState state = Open(false);
    if (!state.Plan({{.workload = "w"}, {.workload = "w"}}).ok() || !state.Finish(1, Seen(7), 1, "").ok())
      _exit(1);
    raise(SIGKILL);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  const CampaignState state = Open(true);
  EXPECT_THAT(Ids(*state.Unfinished()), ElementsAre(2));
  EXPECT_THAT(state.Observations()->runs, SizeIs(1));
}

TEST_F(StateTest, NamesAreKeptOnceTheFirstOneWins) {
  {
    CampaignState state = Open(false);
    stitch::Names names;
    names.sites[1].name = "connect from A";
    ASSERT_TRUE(state.AddNames(names).ok());
    names.sites[1].name = "connect from B";  // another symbol table, the same place
    names.call_sites[2] = "main";
    ASSERT_TRUE(state.AddNames(names).ok());
  }
  const stitch::Names names = Open(true).Observations()->names;
  EXPECT_EQ(names.sites.at(1).name, "connect from A");
  EXPECT_EQ(names.call_sites.at(2), "main");
}

TEST_F(StateTest, TwoRunnersOtherFilesAndForgottenResumeAreRefused) {
  {
    const CampaignState state = Open(false);
    const auto second = CampaignState::Open(directory_, "the campaign", true);
    EXPECT_THAT(std::string(second.status().message()), HasSubstr("another runner"));
  }
  EXPECT_THAT(std::string(CampaignState::Open(directory_, "another", true).status().message()),
              HasSubstr("another campaign file"));
  EXPECT_THAT(std::string(CampaignState::Open(directory_, "the campaign", false).status().message()),
              HasSubstr("--resume"));
}

TEST_F(StateTest, AnotherBuildOfALibraryIsRefusedAlsoAfterAResume) {
  {
    CampaignState state = Open(false);
    EXPECT_TRUE(state.CheckBuilds({{"/lib/a.so", "01"}, {"/lib/b.so", "02"}}).ok());
    EXPECT_TRUE(state.CheckBuilds({{"/lib/b.so", "02"}, {"/lib/c.so", "03"}}).ok());
  }
  CampaignState state = Open(true);
  const absl::Status status = state.CheckBuilds({{"/lib/a.so", "01"}, {"/lib/b.so", "04"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/lib/b.so: is another build"));
}

// A runner is killed; a worker of it holds its lock for another tenth of a second.
TEST_F(StateTest, WorkersOfADeadRunnerAreWaitedFor) {
  int held[2];
  ASSERT_EQ(pipe(held), 0);
  const pid_t runner = fork();
  if (runner == 0) {
    auto state = CampaignState::Open(directory_, "the campaign", false);
    if (state.ok() && fork() == 0) {
      close(held[1]);
      char byte;
      _exit(read(held[0], &byte, 1) == 0 ? 0 : 1);  // until the test lets go
    }
    _exit(state.ok() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(runner, &status, 0), runner);
  ASSERT_EQ(status, 0);
  std::thread ends_it([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    close(held[1]);
  });
  const auto state = CampaignState::Open(directory_, "the campaign", true);
  ends_it.join();
  close(held[0]);
  EXPECT_TRUE(state.ok()) << state.status();
}

TEST_F(StateTest, ReadersNeedNoLock) {
  CampaignState state = Open(false);
  ASSERT_TRUE(state.Plan({{.workload = "w"}}).ok());
  ASSERT_TRUE(state.Finish(1, Seen(1), 1, "").ok());
  EXPECT_THAT(ReadCampaignObservations(directory_)->runs, SizeIs(1));
  EXPECT_FALSE(ReadCampaignObservations(directory_ + "/absent").ok());
}

}  // namespace
}  // namespace rankle::cli
