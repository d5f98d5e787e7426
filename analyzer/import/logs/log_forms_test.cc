// Forms of lines, files and folders that real logs have: what is put before a line, whose a file is,
// restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "analyzer/import/logs/docker_line.h"
#include "analyzer/import/logs/testing/log_files.h"

namespace rankle::import {
namespace {

using namespace rankle::testing;  // NOLINT: the words of these tests
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kOutOfMemory =
    "Traceback (most recent call last):\n  File \"/a/train.py\", line 12, in step\n    y = f(x)\n"
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n";
constexpr const char* kPeerGone =
    "Traceback (most recent call last):\n  File \"/a/train.py\", line 12, in step\n"
    "torch.distributed.DistBackendError: NCCL error in: x, remote process exited or there was a network "
    "error\n";

std::string Prefixed(const std::string& prefix, const std::string& text) {
  std::string result;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty()))
    absl::StrAppend(&result, prefix, line, "\n");
  return result;
}

TEST_F(LogsTest, WhatCollectorsPutBeforeALineHidesNoTraceback) {
  const std::string tagged = Prefixed("[rank2]: ", kOutOfMemory);
  for (const std::string& prefix :
       {std::string("2026-03-14T14:43:46.505152113Z "), std::string("[pod/train-worker-0/pytorch] "),
        std::string("Mar 14 14:43:46 node7 torchrun[1234]: "),
        std::string("(RayTrainWorker pid=19799, ip=10.72.0.6) "), std::string("worker-0  | ")}) {
    const Report report = Analyze(Prefixed(prefix, tagged));
    EXPECT_EQ(report.verdict.anomaly, "crash.oom") << prefix << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
    EXPECT_THAT(report.verdict.summary, HasSubstr("train.py:12 in step"));
    const Report untagged = Analyze(Prefixed(prefix, kOutOfMemory));
    EXPECT_EQ(untagged.verdict.anomaly, "unknown") << prefix << untagged.verdict.summary;
    EXPECT_THAT(untagged.verdict.summary, HasSubstr("CUDA out of memory"));
  }
  const Report bar = Analyze(absl::StrCat(" 94%|####| 837/888 [9:42:50<34:08, 40.17s/it]", tagged));
  EXPECT_EQ(bar.verdict.anomaly, "crash.oom") << bar.verdict.summary;
  const Report message =
      Analyze(absl::StrCat("[2025-04-21 07:28:41 TP0] Scheduler hit an exception: ", kOutOfMemory));
  EXPECT_THAT(message.verdict.summary, HasSubstr("CUDA out of memory"));
}

TEST_F(LogsTest, LinesOfAnotherProcessDoNotEndATraceback) {
  std::string log;
  for (const absl::string_view line : absl::StrSplit(kOutOfMemory, '\n', absl::SkipEmpty()))
    absl::StrAppend(&log, "worker-0  | ", line, "\nworker-1  | step 5 done\n");
  EXPECT_THAT(Analyze(log).verdict.summary, HasSubstr("CUDA out of memory"));
}

TEST_F(LogsTest, ATextThatQuotesATracebackIsNone) {
  const Report report = Analyze(
      "[rank0]: WARNING retry after \"Traceback (most recent call last):\" of a worker\n"
      "[rank0]: ValueError: quoted\nn1:5:6 [1] NCCL INFO Connected all trees\n");
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
}

TEST_F(LogsTest, LogsThatBeginLikeJsonAreRead) {
  for (const char* first :
       {"[2025-03-07 23:55:15,1] [INFO] [logging.py:1:log_dist] [Rank 0] DeepSpeed info: x\n",
        "{'loss': 0.1, 'epoch': 0.1}\n"}) {
    std::string log;
    while (log.size() < 10'000) log += first;
    const Report report = Analyze(log + Prefixed("[rank3]: ", kOutOfMemory));
    EXPECT_EQ(report.verdict.anomaly, "crash.oom") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  }
}

TEST(DockerLineTest, JsonIsToldFromLogs) {
  for (const char* json :
       {"{\"a\": 1}", "{}", " [ {\"a\": 1}]", "[1, 2.5]", "[\"a\"]", "[]", "{\n\"a\"", "[true]"})
    EXPECT_TRUE(MayBeJson(json)) << json;
  for (const char* log : {"[2025-03-07 23:55:15,1] [INFO]", "{'loss': 0.1}", "[rank2]: x", "[1,3]<stdout>:x",
                          "[10] a", "text", ""})
    EXPECT_FALSE(MayBeJson(log)) << log;
}

TEST_F(LogsTest, LinesThatAContainerEngineWrappedAreRead) {
  std::string log;
  for (const absl::string_view line :
       absl::StrSplit(Prefixed("[rank3]: ", kOutOfMemory), '\n', absl::SkipEmpty())) {
    absl::StrAppend(&log, "{\"log\":\"", absl::StrReplaceAll(line, {{"\"", "\\\""}}),
                    "\\n\",\"stream\":\"stderr\",\"time\":\"2026-03-14T14:43:46.5Z\"}\n");
  }
  const Report report = Analyze(log);
  EXPECT_EQ(report.verdict.anomaly, "crash.oom") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

TEST_F(LogsTest, DeepSpeedsLauncherTellsTheFirstThatFailed) {
  const Report report = Analyze(
      "[2023-07-10 04:26:05,876] [INFO] [launch.py:318:sigkill_handler] Killing subprocess 94984\n"
      "[2023-07-10 04:26:35,999] [ERROR] [launch.py:324:sigkill_handler] ['/v/python3', '-u', 't.py', "
      "'--local_rank=1', '--deepspeed'] exits with return code = -11\n");
  EXPECT_EQ(report.verdict.anomaly, "crash.process") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  EXPECT_LT(report.verdict.confidence, 0.75) << "the rank is that on the host";
}

TEST_F(LogsTest, TheKernelsMemoryKillerIsNamed) {
  const std::string cancelled =
      "slurmstepd: error: *** STEP 123.0 ON n0 CANCELLED AT 2026-03-14T10:00:00 ***\n"
      "srun: error: n0: tasks 0-1: Terminated\nsrun: error: n1: task 2: Terminated\n";
  const std::string event =
      "slurmstepd: error: Detected 1 oom_kill event in StepId=123.0. Some have been OOM Killed.\n";
  const Report by_task = Analyze(event + "srun: error: n1: task 3: Out Of Memory\n" + cancelled);
  EXPECT_EQ(by_task.verdict.anomaly, "crash.oom") << by_task.verdict.summary;
  EXPECT_THAT(by_task.verdict.ranks, ElementsAre(3));
  const Report by_step = Analyze(event + cancelled);
  EXPECT_EQ(by_step.verdict.anomaly, "unknown") << by_step.verdict.summary;
  EXPECT_THAT(by_step.verdict.summary, HasSubstr("Out Of Memory"));
  const Report by_kernel = Analyze(
      TorchrunReport(2, "-9", "Signal 9 (SIGKILL) received by PID 102") +
      "Jun  3 12:00:05 node1 kernel: [1.2] Out of memory: Killed process 102 (python3) total-vm:1kB\n");
  EXPECT_EQ(by_kernel.verdict.anomaly, "crash.oom") << by_kernel.verdict.summary;
  EXPECT_THAT(by_kernel.verdict.ranks, ElementsAre(2));
}

TEST_F(LogsTest, AFileOfOneRankTellsItByItsName) {
  struct Case {
    std::vector<std::string> names;
    bool guessed;
  };
  for (const Case& c :
       {Case{{"rank0.log", "rank1.log", "rank2.log"}, false},
        Case{{"attempt_0/0/stderr.log", "attempt_0/1/stderr.log", "attempt_0/2/stderr.log"}, false},
        Case{{"job-123_0.out", "job-123_1.out", "job-123_2.out"}, true}}) {
    DumpDirectory directory("named_files");
    for (size_t i = 0; i < c.names.size(); ++i) {
      std::filesystem::create_directories((directory.path() / c.names[i]).parent_path());
      directory.Write(c.names[i], i == 1 ? kOutOfMemory : kPeerGone);
    }
    const Report report = directory.Analyze();
    EXPECT_EQ(report.verdict.anomaly, "crash.oom") << c.names[0] << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
    EXPECT_EQ(report.verdict.confidence <= 0.5, c.guessed) << c.names[0];
  }
}

TEST_F(LogsTest, DirectoriesOfSeveralHostsOrAttemptsTellNoRank) {
  for (const char* directory : {"n0/attempt_0/1", "n1/attempt_0/1"}) {
    std::filesystem::create_directories(directory_.path() / directory);
    directory_.Write(absl::StrCat(directory, "/stderr.log"), kOutOfMemory);
  }
  const Report report = directory_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
}

TEST_F(LogsTest, WordsThatHoldRankNameNone) {
  directory_.Write("frank7.log", kOutOfMemory), directory_.Write("ranking_9.log", kOutOfMemory);
  EXPECT_THAT(directory_.Analyze().verdict.ranks, IsEmpty());
}

TEST_F(LogsTest, WhoTimesOutInTheStoreIsNotBlamed) {
  for (const char* error : {"RuntimeError: Socket Timeout",
                            "RuntimeError: Timed out initializing process group in "
                            "store based barrier on rank: 0"}) {
    const Report report =
        Analyze(absl::StrCat("[rank0]: Traceback (most recent call last):\n[rank0]: ", error, "\n",
                             Prefixed("[rank1]: ", kOutOfMemory)));
    EXPECT_EQ(report.verdict.anomaly, "crash.oom") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  }
}

TEST_F(LogsTest, NumbersInNamesThatDoNotCountUpAreNoRanks) {
  directory_.Write("job-17.out", kOutOfMemory), directory_.Write("job-19.out", kPeerGone);
  const Report report = directory_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.summary, HasSubstr("CUDA out of memory"))
      << "a local error says more than a remote one";
}

// The only process that spoke NCCL is not the only one whose lines are in the file.
TEST_F(LogsTest, AnUntaggedTracebackBesideOtherProcessesIsNobodys) {
  const Report report = Analyze(absl::StrCat(
      kOutOfMemory, "node1:103:153 [3] s.cc:52 NCCL WARN Net : Connection closed by remote peer n<4>\n",
      TorchrunReport(5, "1", "To enable traceback see: x")));
  EXPECT_THAT(report.verdict.ranks, ::testing::Not(Contains(3))) << report.verdict.summary;
}

TEST_F(LogsTest, AnExceptionOfARankThatLeftInAnOrderlyWayIsNoCrash) {
  NcclLog log;
  log.Made(4);
  for (int step = 0; step < 5; ++step) log.Step(4, step);
  log.text +=
      "[rank1]: Traceback (most recent call last):\n[rank1]:   File \"x.py\", line 1, in f\n[rank1]: "
      "ValueError: skip sample\n";
  log.End(4, "Destroy");
  EXPECT_EQ(Analyze(log.text).verdict.anomaly, "healthy");
}

// ---- several attempts

std::string Hang(const std::string& hour, int number, int absent) {
  std::string log;
  for (int r = 0; r < 4; ++r) {
    log += r == absent ? Status(r, "0(default_pg)", number - 1, number - 1)
                       : Status(r, "0(default_pg)", number, number - 1);
  }
  return absl::StrReplaceAll(log, {{" 17:", absl::StrCat(" ", hour, ":")}});
}

TEST_F(LogsTest, OfSeveralAttemptsTheLastIsAnalyzed) {
  const std::string first = Hang("14", 57, 2), second = Hang("18", 12, 3);
  const Report in_order = Analyze(first + second);
  EXPECT_EQ(in_order.verdict.anomaly, "hang.not_entered") << in_order.verdict.summary;
  EXPECT_THAT(in_order.verdict.ranks, ElementsAre(3));
  EXPECT_LE(in_order.verdict.confidence, 0.5);
  EXPECT_THAT(in_order.data_quality.notes, Contains(HasSubstr("several attempts")));
}

TEST_F(LogsTest, OfTwoJobsInOneFolderTheLaterIsAnalyzed) {
  // The later one in the first or in the second file, with higher or lower numbers.
  for (const bool later_first : {true, false}) {
    for (const bool later_is_higher : {true, false}) {
      const std::string later = Hang("18", later_is_higher ? 57 : 12, 2),
                        earlier = Hang("14", later_is_higher ? 12 : 57, 3);
      directory_.Write("a.log", later_first ? later : earlier),
          directory_.Write("b.log", later_first ? earlier : later);
      const Report report = directory_.Analyze();
      EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
      EXPECT_THAT(report.verdict.ranks, ElementsAre(2)) << later_first << later_is_higher;
    }
  }
}

TEST_F(LogsTest, ProcessesThatWereStartedAgainReplaceTheFirst) {
  std::string text;
  for (const int attempt : {0, 1}) {
    NcclLog log;
    log.prefix = absl::StrCat("[2026-03-14 1", attempt, ":00:00] ");
    for (const char* stage : {"START", "COMPLETE"}) {
      for (int r = 0; r < 4; ++r) log.Init(r, 4, stage, attempt == 0 ? "0xabc1" : "0xabc2");
    }
    for (int step = 0; step < 9; ++step) log.Step(4, step);
    if (attempt == 1) {
      for (const int r : {0, 1, 2}) log.Op(r, 4, "AllReduce", "9", 64);
    }
    text += attempt == 0 ? log.text +
                               "E0314 10:01:00.3 api.py:8] failed (exitcode: -9) local_rank: 1 (pid: 101) of "
                               "binary: python\n"
                         : absl::StrReplaceAll(log.text, {{"node1:1", "node1:7"}});
  }
  const Report report = Analyze(text);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  EXPECT_LE(report.verdict.confidence, 0.5);
  EXPECT_EQ(report.job.ranks, 4);
}

// ---- what ranks say of their collectives

TEST_F(LogsTest, TheWrapperTellsWhichTwoRanksDisagree) {
  const auto print = [](int rank, const std::string& operation, const std::string& shape) {
    return absl::StrCat("Rank ", rank,
                        " is running collective: CollectiveFingerPrint(SequenceNumber=31, OpType=", operation,
                        ", TensorShape=", shape, ", TensorDtypes=Float, TensorDeviceTypes=x)");
  };
  const std::string without_shape =
      "Rank 0 is running collective: CollectiveFingerPrint(SequenceNumber=0OpType=REDUCE).Collectives "
      "differ, in parts";
  for (const std::string& other :
       {print(0, "ALLGATHER", "[8]"), print(0, "ALLREDUCE", "[4, 2, 3]"), without_shape}) {
    const Report report = Analyze(
        absl::StrCat("[rank1]: Traceback (most recent call last):\n[rank1]:   File \"t.py\", line 1, in s\n",
                     "[rank1]: RuntimeError: Detected mismatch between collectives on ranks. ",
                     print(1, "ALLREDUCE", "[8]"), ", but ", other, ".\n"));
    EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(0, 1));
    EXPECT_LE(report.verdict.confidence, 0.5);
  }
}

std::string TimedOut(int rank, int number, const std::string& operation) {
  return absl::StrCat("[E ProcessGroupNCCL.cpp:821] [Rank ", rank,
                      "] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=", number,
                      ", OpType=", operation,
                      ", Timeout(ms)=1800000) ran for 1808397 milliseconds before timing out.\n");
}

TEST_F(LogsTest, OldWatchdogsThatNameDifferentOperationsOfOneNumberDisagree) {
  std::string log;
  for (int r = 0; r < 4; ++r) log += TimedOut(r, 5020, r == 2 ? "BROADCAST" : "ALLREDUCE");
  const Report report = Analyze(log);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_LE(report.verdict.confidence, 0.5) << "they tell no groups";
}

// The numbers may count different groups.
TEST_F(LogsTest, OldWatchdogsThatNameDifferentNumbersBlameNobody) {
  const Report report = Analyze(TimedOut(0, 96117, "ALLREDUCE") + TimedOut(7, 64088, "ALLREDUCE"));
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
}

// Terminals wrap lines, in the middle of words.
TEST_F(LogsTest, WhatAWrappedLineDoesNotTellDisagreesWithNothing) {
  const std::string whole =
      "[rank1]:[E4 01:11:21.1 P.cpp:6] [Rank 1] Watchdog caught collective operation timeout: "
      "WorkNCCL(SeqNum=4, "
      "OpType=BROADCAST, NumelIn=112, NumelOut=112, Timeout(ms)=1800000) ran for 1800010 milliseconds\n";
  for (const std::string& cut :
       {std::string(
            "[rank0]:[E4 01:11:21.1 P.cpp:6] [Rank 0] Watchdog caught collective operation timeout: "
            "WorkNCCL(SeqNum=4, OpTy\npe=BROADCAST, NumelIn=112, NumelOut=112, Timeout(ms)=1800000)\n"),
        std::string(
            "[rank0]:[E4 01:11:21.1 P.cpp:6] [Rank 0] Watchdog caught collective operation timeout: "
            "WorkNCCL(SeqNum=4, OpType=BROADCAST, Nume\nlIn=112, NumelOut=112, Timeout(ms)=1800000)\n")}) {
    const Report report = Analyze(whole + cut);
    EXPECT_NE(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
    EXPECT_NE(report.verdict.anomaly, "healthy");
    EXPECT_THAT(report.verdict.ranks, IsEmpty());
  }
}

TEST_F(LogsTest, ATimeoutWithoutAStatusLineCountsBesideThoseOfOneGroup) {
  std::string log;
  for (const int r : {0, 1, 2}) log += Status(r, "0(default_pg)", 57, 56);
  const Report report = Analyze(log + TimedOut(3, 57, "BROADCAST"));
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

}  // namespace
}  // namespace rankle::import
