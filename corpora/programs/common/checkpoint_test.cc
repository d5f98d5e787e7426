#include "corpora/programs/common/checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "corpora/programs/common/watchdog.h"

namespace rankle::programs {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() { std::filesystem::remove_all(directory_); }
  ~CheckpointTest() override { std::filesystem::remove_all(directory_); }

  const std::string directory_ =
      testing::TempDir() + "checkpoint_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  const Checkpoints mine_{directory_, "prog", 4, 2};
  std::vector<float> a_ = {1, 2, 3}, b_ = {4};
};

TEST_F(CheckpointTest, ReadsBackWhatWasWritten) {
  ASSERT_TRUE(mine_.Write(7, {a_, b_}).ok());
  std::vector<float> a(3), b(1);
  ASSERT_TRUE(mine_.Read(7, {a, b}).ok());
  EXPECT_EQ(a, a_);
  EXPECT_EQ(b, b_);
}

TEST_F(CheckpointTest, LatestIsNothingThenTheStepSet) {
  EXPECT_EQ(*mine_.Latest(), std::nullopt);
  ASSERT_TRUE(mine_.SetLatest(40).ok());
  EXPECT_EQ(*mine_.Latest(), 40);
}

TEST_F(CheckpointTest, RefusesAnotherJobsSizes) {
  ASSERT_TRUE(mine_.Write(7, {a_, b_}).ok());
  std::vector<float> longer(9);
  EXPECT_FALSE(mine_.Read(7, {a_, longer}).ok());
  EXPECT_FALSE(Checkpoints(directory_, "prog", 8, 2).Read(7, {a_, b_}).ok());
  EXPECT_FALSE(mine_.Read(8, {a_, b_}).ok());
}

TEST_F(CheckpointTest, RefusesATruncatedFile) {
  ASSERT_TRUE(mine_.Write(7, {a_, b_}).ok());
  const std::string file = directory_ + "/prog.step-7.rank-2";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  EXPECT_FALSE(mine_.Read(7, {a_, b_}).ok());
}

TEST_F(CheckpointTest, LeavesNoTemporaryFile) {
  ASSERT_TRUE(mine_.Write(7, {a_, b_}).ok());
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    EXPECT_NE(entry.path().extension(), ".tmp");
  }
}

TEST_F(CheckpointTest, AnUnwritableDirectoryIsAnError) {
  std::ofstream(directory_) << "a file where the directory should be";
  EXPECT_FALSE(mine_.Write(7, {a_, b_}).ok());
}

TEST(Watchdog, ExpiresWithoutBeats) {
  std::mutex mutex;
  std::condition_variable changed;
  bool expired = false;
  Watchdog watchdog(std::chrono::milliseconds(5), [&] {
    const std::lock_guard lock(mutex);
    expired = true;
    changed.notify_one();
  });
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return expired; }));
}

TEST(Watchdog, EndsAtOnceWhenNotNeeded) {
  bool expired = false;
  {
    Watchdog watchdog(std::chrono::hours(1), [&] { expired = true; });
  }
  {
    Watchdog off(std::chrono::seconds(0), [&] { expired = true; });
  }
  EXPECT_FALSE(expired);
}

}  // namespace
}  // namespace rankle::programs
