#include "injector/plan/control_file.h"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace rankle::plan {
namespace {

class ControlFileTest : public testing::Test {
 protected:
  ControlFileTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rankle-control-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/control";
  }
  ~ControlFileTest() override { std::filesystem::remove_all(directory_); }
  std::string directory_, path_;
};

TEST_F(ControlFileTest, ANewPageIsAllZeroAndReadsBack) {
  auto created = ControlFile::Create(path_, 3);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto opened = ControlFile::Open(path_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->fault_count(), 3u);
  EXPECT_EQ(opened->page()->stop, 0u);
  EXPECT_EQ(opened->page()->faults[2].released, 0u);
  created->page()->faults[1].fired = 5;
  EXPECT_EQ(opened->page()->faults[1].fired, 5u);  // one page, two mappings
}

TEST_F(ControlFileTest, ReleaseSetsOneFaultAndCountsItsHangs) {
  auto file = ControlFile::Create(path_, 2);
  ASSERT_TRUE(file.ok());
  file->page()->faults[1].hanging = 4;
  EXPECT_EQ(file->Release(1), 4u);
  EXPECT_EQ(file->page()->faults[1].released, 1u);
  EXPECT_EQ(file->page()->faults[0].released, 0u);
  EXPECT_EQ(file->page()->stop, 0u);
}

TEST_F(ControlFileTest, StopReleasesAllFaults) {
  auto file = ControlFile::Create(path_, 2);
  ASSERT_TRUE(file.ok());
  file->Stop();
  EXPECT_EQ(file->page()->stop, 1u);
  EXPECT_EQ(file->page()->faults[0].released, 1u);
  EXPECT_EQ(file->page()->faults[1].released, 1u);
}

TEST_F(ControlFileTest, ReleaseWakesAnotherProcess) {
  auto file = ControlFile::Create(path_, 1);
  ASSERT_TRUE(file.ok());
  const pid_t child = fork();
  if (child == 0) {
    FaultControl& fault = file->page()->faults[0];
    fault.hanging = 1;
    while (fault.released == 0) syscall(SYS_futex, &fault.released, FUTEX_WAIT, 0, nullptr, nullptr, 0);
    fault.hanging = 0;
    _exit(7);
  }
  while (file->page()->faults[0].hanging == 0) sched_yield();
  EXPECT_EQ(file->Release(0), 1u);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(ControlFileTest, WhatIsNoControlPageIsRefused) {
  EXPECT_FALSE(ControlFile::Open(path_).ok());  // missing
  std::ofstream(path_) << "short";
  EXPECT_FALSE(ControlFile::Open(path_).ok());
  std::ofstream(path_) << std::string(sizeof(ControlPage), 'x');
  EXPECT_FALSE(ControlFile::Open(path_).ok());
  EXPECT_FALSE(ControlFile::Create(directory_ + "/no/such/control", 1).ok());
  EXPECT_FALSE(ControlFile::Create(path_, kMaxFaults + 1).ok());
}

TEST_F(ControlFileTest, CreatingAgainForgetsTheOldRun) {
  ControlFile::Create(path_, 1)->Release(0);
  const auto again = ControlFile::Create(path_, 1);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->page()->faults[0].released, 0u);
}

TEST_F(ControlFileTest, MovingKeepsTheMapping) {
  auto file = ControlFile::Create(path_, 1);
  ASSERT_TRUE(file.ok());
  ControlFile moved = *std::move(file);
  moved.page()->faults[0].fired = 1;
  ControlFile other = *ControlFile::Open(path_);
  other = std::move(moved);
  EXPECT_EQ(other.page()->faults[0].fired, 1u);
}

}  // namespace
}  // namespace rankle::plan
