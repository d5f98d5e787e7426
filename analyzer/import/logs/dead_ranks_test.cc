// Whoever died left neither dump nor watchdog line: logs and launchers tell it, the others wait.
#include "analyzer/import/logs/dead_ranks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "analyzer/import/logs/testing/log_files.h"

namespace rankle::import {
namespace {

using namespace rankle::testing;  // NOLINT: the words of these tests
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Waiting(const std::vector<int>& ranks) {
  std::string log;
  for (const int r : ranks) log += Status(r, "0(default_pg)", 57, 56);
  return log;
}
std::string OutOfMemory(int rank) {
  return absl::StrCat("[rank", rank, "]: Traceback (most recent call last):\n[rank", rank,
                      "]:   File \"/a/train.py\", line 12, in step\n[rank", rank,
                      "]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n");
}
constexpr const char* kNoTraceback = "To enable traceback see: x";

TEST_F(LogsTest, ARankThatRanOutOfMemoryIsWhatTheOthersWaitFor) {
  const std::string log = OutOfMemory(2) + Waiting({0, 1, 3});
  for (const std::string& launcher : {std::string(), TorchrunReport(2, "1", kNoTraceback)}) {
    const Report report = Analyze(log + launcher);
    EXPECT_EQ(report.verdict.anomaly, "crash.oom") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
    EXPECT_THAT(report.store->quality.missing_ranks, IsEmpty());
  }
}

TEST_F(LogsTest, ADeadRankAboveAllThatWaitBelongsToTheJob) {
  for (const auto& waiting : {std::vector<int>{0, 1, 2}, std::vector<int>{0}}) {
    const Report report = Analyze(OutOfMemory(3) + Waiting(waiting));
    EXPECT_EQ(report.verdict.anomaly, "crash.oom") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  }
}

TEST_F(LogsTest, ARankThatWasKilledIsWhatTheOthersWaitFor) {
  const Report report = Analyze(Waiting({0, 1, 3}) + TorchrunReport(2, "-9", kNoTraceback));
  EXPECT_EQ(report.verdict.anomaly, "crash.process") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

// Watchdogs abort, and the main thread of whoever waited ends by an exception: an end alone proves nothing.
TEST_F(LogsTest, ARankThatEndedAsVictimsDoIsNotBlamed) {
  for (const char* code : {"-6", "1", "-15"}) {
    const Report report = Analyze(Waiting({0, 1, 3}) + TorchrunReport(2, code, kNoTraceback));
    EXPECT_EQ(report.verdict.anomaly, "unknown") << code << ": " << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, IsEmpty());
  }
}

TEST_F(LogsTest, BesideDumpsOfTheOthersALogTellsWhoDied) {
  DumpJob job(4);
  const int dp = job.Group("dp", {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i) job.Collective(dp);
  job.Collective(dp, {.absent = {1}, .hangs = true});
  for (const int rank : {0, 2, 3}) directory_.Write(job, rank, {});
  ASSERT_EQ(directory_.Analyze().verdict.anomaly, "unknown");
  const Report report = Analyze(OutOfMemory(1));
  EXPECT_EQ(report.verdict.anomaly, "crash.oom") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  EXPECT_EQ(report.job.ranks, 4);
}

TEST_F(LogsTest, BesideLinesOfNcclOfTheOthersALogTellsWhoDied) {
  NcclLog log;
  for (const char* stage : {"START", "COMPLETE"}) {
    for (const int r : {0, 2, 3}) log.Init(r, 4, stage);
  }
  for (int step = 0; step < 6; ++step) {
    for (const int r : {0, 2, 3}) log.Op(r, 4, "AllReduce", Hex(step), 64);
  }
  const Report report = Analyze(log.text + OutOfMemory(1));
  EXPECT_EQ(report.verdict.anomaly, "crash.oom") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

}  // namespace
}  // namespace rankle::import
