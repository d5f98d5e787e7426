#include "analyzer/live/parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "analyzer/live/testing/nodes.h"

namespace rankle::live {
namespace {

namespace fs = std::filesystem;
using rankle::testing::JobBuilder;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PartsTest : public ::testing::Test {
 protected:
  PartsTest() {
    std::string pattern = (fs::temp_directory_path() / "rankle-parts-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~PartsTest() override { fs::remove_all(directory_); }
  void WriteDigest(const std::string& directory, const Digest& digest) const {
    fs::create_directories(directory);
    std::ofstream(directory + "/" + kDigestFile) << DigestJson(digest);
  }
  std::string directory_;
};

TEST_F(PartsTest, ReadingTheNewestKeepsWhatIsInFlightHoweverOld) {
  JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  job.Add({.rank = 0,
           .communicator = dp,
           .entered = 0.05,
           .stream = 9});  // never finishes, on a stream of its own
  for (int i = 0; i < 200; ++i) job.Collective(dp, 0.1 + 0.01 * i, 0.105 + 0.01 * i);
  job.ObservedUntil(3);
  ASSERT_TRUE(job.WriteTo(directory_));
  const std::vector<record::FlightRecord> newest = ReadNewest(directory_, 10);
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_THAT(newest[0].events, SizeIs(11));
  EXPECT_EQ(newest[0].events.front().stream, 9u);
  EXPECT_THAT(newest[1].events, SizeIs(10));
  EXPECT_EQ(newest[1].quality.overwritten, 190u);
  EXPECT_THAT(ReadNewest(directory_, 1000)[0].events, SizeIs(201));
}

TEST_F(PartsTest, EachNodeDirectoryIsAPart) {
  const testing::NodesOfJob nodes(testing::HangingJob(), 2);
  WriteDigest(directory_ + "/node-b", nodes.parts()[1].digest);
  WriteDigest(directory_ + "/node-a", nodes.parts()[0].digest);
  fs::create_directories(directory_ + "/node-empty");
  std::vector<std::string> problems;
  const std::vector<Part> parts = ReadParts(directory_, problems);
  ASSERT_THAT(parts, SizeIs(2));
  EXPECT_EQ(parts[0].node, "a");
  EXPECT_EQ(parts[1].node, "b");
  EXPECT_THAT(parts[1].digest.processes, SizeIs(2));
  EXPECT_THAT(problems, IsEmpty());
}

TEST_F(PartsTest, AnEmptyDirectoryAndOneThatIsNotThereHaveNoParts) {
  std::vector<std::string> problems;
  EXPECT_THAT(ReadParts(directory_, problems), IsEmpty());
  EXPECT_THAT(ReadParts(directory_ + "/none", problems), IsEmpty());
}

TEST_F(PartsTest, ADamagedDigestIsAProblemAndTheRecordsAreReadInstead) {
  ASSERT_TRUE(testing::HangingJob().WriteTo(directory_));
  std::ofstream(directory_ + "/" + kDigestFile) << "{";
  std::vector<std::string> problems;
  const std::vector<Part> parts = ReadParts(directory_, problems);
  ASSERT_THAT(parts, SizeIs(1));
  EXPECT_FALSE(parts[0].has_digest);
  EXPECT_THAT(parts[0].digest.processes, SizeIs(4));
  EXPECT_THAT(problems, SizeIs(1));
}

TEST(MarkStale, ComparesWithTheNewestDigest) {
  std::vector<Part> parts(4);
  for (Part& part : parts) part.has_digest = true, part.written_s = 1000;
  parts[0].written_s = 1000 - kStaleAfterS;
  parts[1].written_s = 1000 - kStaleAfterS + 0.5;
  parts[2].written_s = 900, parts[2].digest.ended = true;
  MarkStale(parts);
  EXPECT_TRUE(parts[0].stale);
  EXPECT_FALSE(parts[1].stale);
  EXPECT_FALSE(parts[2].stale);
  EXPECT_FALSE(parts[3].stale);
}

}  // namespace
}  // namespace rankle::live
