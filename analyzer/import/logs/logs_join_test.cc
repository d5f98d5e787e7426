// Logs beside the records of a job, what becomes of files, and damaged ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/import/logs/log_reader.h"
#include "analyzer/import/logs/logs_importer.h"
#include "analyzer/import/logs/testing/log_files.h"
#include "analyzer/testing/diagnose.h"
#include "analyzer/testing/nccl_tools.h"

namespace rankle::import {
namespace {

using namespace rankle::testing;  // NOLINT: the words of these tests
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// ---- beside other records

DumpJob Dumps(bool hangs) {
  DumpJob job(4);
  const int dp = job.Group("dp", {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i) job.Collective(dp);
  if (hangs) job.Collective(dp, {.absent = {3}, .hangs = true});
  return job;
}

TEST_F(LogsTest, BesideHealthyRecordsALogChangesNothing) {
  NcclLog log;
  log.Made(4);
  for (int step = 0; step < 5; ++step) log.Step(4, step);
  log.Op(0, 4, "AllReduce", "5", 1);
  directory_.Write(Dumps(false));
  const Report alone = directory_.Analyze();
  ASSERT_EQ(alone.verdict.anomaly, "healthy");
  const Report joined = Analyze(log.text);
  EXPECT_EQ(joined.verdict.anomaly, "healthy");
  EXPECT_DOUBLE_EQ(joined.verdict.confidence, alone.verdict.confidence);
}

TEST_F(LogsTest, BesideDumpsOfAHangConsequencesInLogsNameNobody) {
  directory_.Write(Dumps(true));
  const Report alone = directory_.Analyze();
  ASSERT_EQ(alone.verdict.anomaly, "hang.not_entered");
  std::string log;
  for (int r : {0, 1, 2}) log += Status(r, "0(default_pg)", 7, 6);
  for (int r : {0, 1, 2}) {
    absl::StrAppend(&log, "[rank", r, "]: Traceback (most recent call last):\n[rank", r,
                    "]:   File \"t.py\", line 1, in s\n[rank", r, "]: RuntimeError: gave up\n");
  }
  log += TorchrunReport(0, "-6", "Signal 6 (SIGABRT) received by PID 100");
  const Report joined = Analyze(log);
  EXPECT_EQ(joined.verdict.anomaly, "hang.not_entered") << joined.verdict.summary;
  EXPECT_THAT(joined.verdict.ranks, ElementsAre(3));
  EXPECT_GE(joined.verdict.confidence, alone.verdict.confidence);
  EXPECT_FALSE(joined.store->notices.empty());
}

TEST_F(LogsTest, BesideDumpsOfAHangTheKernelTellsThatTheGpuIsLost) {
  directory_.Write(Dumps(true));
  NcclLog log;
  log.Made(4);
  const Report joined = Analyze(
      log.text + "[ 18.3] NVRM: Xid (PCI:0000:4b:00): 79, pid=7, name=python, GPU has fallen off the bus.\n");
  EXPECT_EQ(joined.verdict.anomaly, "crash.cuda") << joined.verdict.summary;
  EXPECT_THAT(joined.verdict.ranks, ElementsAre(3));
}

TEST_F(LogsTest, BesideDumpsOfAHangALogTellsWhy) {
  directory_.Write(Dumps(true));
  const Report joined = Analyze(
      "[rank3]: Traceback (most recent call last):\n[rank3]:   File \"/a/data.py\", line 5, in load\n"
      "[rank3]: FileNotFoundError: [Errno 2] shard 7\n");
  EXPECT_EQ(joined.verdict.anomaly, "crash.exception") << joined.verdict.summary;
  EXPECT_THAT(joined.verdict.ranks, ElementsAre(3));
}

// rankle's own records know how processes ended, and every error before.
TEST_F(LogsTest, BesideRanklesRecordsALogOnlyAddsNotices) {
  rankle::testing::DdpJob ddp(4);
  const auto healthy = rankle::testing::Diagnose(ddp.job);
  ASSERT_EQ(healthy.verdict.anomaly, "healthy");
  ASSERT_TRUE(ddp.job.WriteTo(directory_.path()));
  NcclLog log;
  log.Made(4);
  for (int step = 0; step < 5; ++step) log.Step(4, step);
  log.Op(0, 4, "AllReduce", "5", 1);
  const Report report =
      Analyze(log.text +
                  "[rank1]: Traceback (most recent call last):\n[rank1]:   File \"t.py\", line 1, in s\n"
                  "[rank1]: ValueError: x\n",
              "rank1.log");
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
  EXPECT_EQ(report.store->source, "rankle");
  EXPECT_FALSE(report.store->notices.empty());
}

TEST_F(LogsTest, LinesOfRankleItselfAreNotRead) {
  LogContents contents;
  LogReader reader(contents);
  reader.BeginFile("job.log");
  reader.Take("rankle: n1:1:2 [0] NCCL WARN Cuda failure 'x'\nn1:1:2 [0] NCCL WARN Cuda failure 'y'\n");
  reader.EndFile();
  ASSERT_THAT(contents.troubles, ::testing::SizeIs(1));
  EXPECT_THAT(contents.troubles[0].text, HasSubstr("'y'"));
}

// RAS lists outliers, and a job that is stuck shows none.
TEST_F(LogsTest, TextOfRasThatConcludesNothingTakesNothingFromALog) {
  directory_.Write("ras1.txt", RasStatusText("")), directory_.Write("ras2.txt", RasStatusText(""));
  ASSERT_EQ(directory_.Analyze().verdict.anomaly, "unknown");
  std::string log = Status(2, "0(default_pg)", 56, 56);
  for (int r : {0, 1, 3}) log += Status(r, "0(default_pg)", 57, 56);
  const Report report = Analyze(log);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

// ---- what becomes of files

TEST_F(LogsTest, EachFileIsAccountedForOnce) {
  NcclLog log;
  log.Made(2);
  directory_.Write("worker-0.out", log.text);
  directory_.Write("plain.log", "epoch 1\n");
  directory_.Write("notes", "some text\n");
  const Report report = directory_.Analyze();
  std::vector<std::string> files;
  for (const store::InputFiles& input : report.inputs) {
    for (const std::string& file : input.files) {
      files.push_back(absl::StrCat(input.format, input.used ? " + " : " - ",
                                   std::filesystem::path(file).filename().string()));
    }
  }
  EXPECT_THAT(files,
              ::testing::UnorderedElementsAre("log + worker-0.out", "log + plain.log", "unknown - notes"));
}

TEST_F(LogsTest, ALogIsRecognisedByWhatItSaysLate) {
  std::string text;
  while (text.size() < 600'000) text += "epoch 1 loss 0.5\n";
  directory_.Write("a", text +
                            "[rank0]: Traceback (most recent call last):\n[rank0]:   File \"t.py\", line 1, "
                            "in s\n[rank0]: ValueError: x\n");
  directory_.Write("b", text);
  EXPECT_TRUE(IsTellingLog(directory_.path() / "a"));
  EXPECT_FALSE(IsTellingLog(directory_.path() / "b"));
}

// ---- damage

TEST_F(LogsTest, DamageCostsLinesNotTheLog) {
  NcclLog log;
  log.Made(4);
  for (int step = 0; step < 5; ++step) log.Step(4, step);
  std::string crlf;
  for (const char c : log.text) crlf += c == '\n' ? std::string("\x1b[0m\r\n") : std::string(1, c);
  std::string rubbish;
  for (int i = 0; i < 70'000; ++i) rubbish += static_cast<char>(i * 131 % 251);
  for (const std::string& text : {crlf, log.text + rubbish + "\n" + log.text.substr(0, 0),
                                  "\xef\xbb\xbf" + log.text, log.text + std::string(10u << 20, 'x') + "\n",
                                  log.text.substr(0, log.text.size() - 30) + "\n" + "\xff\xfe n\0o\n"}) {
    const Report report = Analyze(text);
    EXPECT_EQ(report.job.ranks, 4);
    EXPECT_THAT(report.verdict.anomaly, AnyOf("healthy", "unknown", "hang.not_entered"))
        << report.verdict.summary;
    EXPECT_LE(report.verdict.confidence, 0.85);
  }
}

TEST_F(LogsTest, HostileLinesNeitherCrashNorFillTheMemory) {
  std::string log;
  for (const char* line :
       {"n:1:2 [0] NCCL INFO AllReduce: opCount 0 sendbuff 0 recvbuff 0 count 1 datatype 7 op 0 root 0 comm "
        "0x1 [nranks=2147483647] stream 0",
        "n:1:2 [0] NCCL INFO comm 0x1 rank 2147483646 nranks 2147483647 cudaDev 0 busId 1 - Init COMPLETE",
        "n:1:2 [0] NCCL INFO comm 0x2 rank 9 nranks 2 cudaDev 0 busId 1 - Init COMPLETE",
        "n:1:2 [-5] NCCL INFO AllReduce: opCount ffffffffffffffffff sendbuff 0 recvbuff 0 count "
        "99999999999999999999 datatype 7",
        "[rank9999999]: Traceback (most recent call last):", "[rank9999999]: ValueError: x",
        "[rank7]:[E603 17:48:01 P] [PG ID 0 PG GUID 0 Rank 7] last enqueued work: 9223372036854775807, last "
        "completed work: -9",
        "[rank3000000]:[E603 17:48:01 P] [PG ID 0 PG GUID 0 Rank 7] last enqueued work: 5, last completed "
        "work: 4"}) {
    absl::StrAppend(&log, line, "\n");
  }
  const Report report = Analyze(log);
  EXPECT_LT(report.store->communicators.size(), 10u);
  EXPECT_LT(report.job.ranks, 10'000'001);
}

}  // namespace
}  // namespace rankle::import
