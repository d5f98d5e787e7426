// Logs of made-up jobs, in the shapes of public ones, to the verdict.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analyzer/import/logs/testing/log_files.h"

namespace rankle::import {
namespace {

using namespace rankle::testing;  // NOLINT: the words of these tests
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(LogsTest, AHealthyNcclLogIsHealthy) {
  NcclLog log;
  log.text = "NCCL version 2.21.5+cuda12.4\n";
  log.Made(4);
  for (int step = 0; step < 40; ++step) log.Step(4, step);
  log.End(4, "Destroy");
  const Report report = Analyze(log.text);
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
  EXPECT_EQ(report.job.ranks, 4);
  EXPECT_EQ(report.job.communicators, 1);
  EXPECT_EQ(report.job.collectives, 40);
}

// ROCm/rccl#429: no lines of the creation, a counter that began elsewhere.
TEST_F(LogsTest, ARankThatCallsAnotherCollectiveIsNamed) {
  NcclLog log;
  for (int n = 0x280; n < 0x28c; ++n) log.Step(4, n);
  for (int n : {0x28c, 0x28d}) {
    for (int rank : {0, 1, 3}) log.Op(rank, 4, "AllReduce", Hex(n), 9984512);
    log.Op(2, 4, "AllGather", Hex(n), 59205120);
  }
  const Report report = Analyze(log.text);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("numbered by device")));
}

TEST_F(LogsTest, ALogThatBeginsElsewhereForEachRankIsAlignedByNcclsCounter) {
  NcclLog log;
  for (int n = 0x80; n < 0xa0; ++n) {
    for (int rank = 0; rank < 4; ++rank) {
      if (n >= 0x80 + 3 * rank) log.Op(rank, 4, n % 4 == 0 ? "AllGather" : "AllReduce", Hex(n), 100 + n);
    }
  }
  EXPECT_EQ(Analyze(log.text).verdict.anomaly, "healthy");
}

TEST_F(LogsTest, ARankWithFewerOperationsHasNotEntered) {
  for (const bool counts : {true, false}) {  // from 2.27 on NCCL's counter stays 0 on one node
    NcclLog log;
    log.Made(4);
    for (int step = 0; step < 20; ++step) {
      for (int r = 0; r < 4; ++r) log.Op(r, 4, "AllReduce", counts ? Hex(step) : "0", 4096);
    }
    for (int r : {0, 1, 2}) log.Op(r, 4, "AllReduce", counts ? "14" : "0", 4096);
    const Report report = Analyze(log.text);
    EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
    EXPECT_LE(report.verdict.confidence, 0.5) << "nothing says that the job stopped";
  }
}

TEST_F(LogsTest, AWatchdogsTimeoutMakesAHangCertain) {
  NcclLog log;
  log.Made(4);
  for (int step = 0; step < 20; ++step) log.Step(4, step);
  for (int r : {0, 1, 2}) log.Op(r, 4, "AllReduce", "14", 4096);
  log.text +=
      "[rank0]:[E603 17:48:01.0 ProcessGroupNCCL.cpp:632] [Rank 0] Watchdog caught collective operation "
      "timeout: "
      "WorkNCCL(SeqNum=21, OpType=ALLREDUCE, NumelIn=4096, NumelOut=4096, Timeout(ms)=600000) ran for 600068 "
      "milliseconds "
      "before timing out.\n";
  const Report report = Analyze(log.text);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  EXPECT_GT(report.verdict.confidence, 0.7);
}

TEST_F(LogsTest, ACommunicatorThatIsNotReadyIsAHangOfItsCreation) {
  NcclLog log;
  log.Made(4);
  for (int step = 0; step < 5; ++step) log.Step(4, step);
  for (int r : {0, 1, 3}) {
    absl::StrAppend(&log.text, log.Head(r), "ncclCommInitRank comm 0x6b", r, " rank ", r,
                    " nranks 4 cudaDev ", r, " busId 1000 commId 0x77 - Init START\n");
  }
  const Report report = Analyze(log.text);
  EXPECT_EQ(report.verdict.anomaly, "hang.init") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST_F(LogsTest, SplitCommunicatorsAndReusedPointersAreToldApart) {
  NcclLog log;
  log.Made(4);
  for (int round = 0; round < 2; ++round) {  // the second time at the same addresses
    for (int r = 0; r < 4; ++r) {
      const std::string line =
          absl::StrCat(log.Head(r), "ncclCommSplit comm 0xcc", r, " rank ", r / 2, " nranks 2 cudaDev ", r,
                       " nvmlDev ", r, " busId ", r + 1, "b000 parent 0x5a", r, " childCount ", round + 1,
                       " color ", r % 2, " key 0 - Init ");
      absl::StrAppend(&log.text, line, "START\n", line, "COMPLETE\n");
    }
    for (int n = 0; n < 6; ++n) {
      for (int r = 0; r < 4; ++r) {
        absl::StrAppend(&log.text, log.Head(r), "AllGather: opCount ", n, " sendbuff 0x1 recvbuff 0x2 count ",
                        10 + r % 2 + round, " datatype 0 op 0 root 0 comm 0xcc", r,
                        " [nranks=2] stream 0x9\n");
      }
    }
    for (int r = 0; r < 4; ++r)
      absl::StrAppend(&log.text, log.Head(r), "comm 0xcc", r, " rank ", r / 2, " nranks 2 cudaDev ", r,
                      " busId 1 - Destroy COMPLETE\n");
  }
  const Report report = Analyze(log.text);
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
  EXPECT_EQ(report.job.communicators, 5);
}

TEST_F(LogsTest, AFileARankIsTheSameAsOneOfAll) {
  for (int r = 0; r < 4; ++r) {
    NcclLog log;
    log.prefix = "[2025-06-03 12:00:01] ";
    log.Init(r, 4, "START"), log.Init(r, 4, "COMPLETE");
    for (int n = 0; n < (r == 1 ? 9 : 10); ++n) log.Op(r, 4, "AllReduce", Hex(n), 64);
    directory_.Write(absl::StrCat("nccl.node1.", 100 + r), log.text);
  }
  const Report report = directory_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

// Two hosts of two devices each; only the launcher, or RCCL, tells which rank is where.
TEST_F(LogsTest, TagsAndRcclTellTheRanksOfSeveralHosts) {
  for (const bool rccl : {false, true}) {
    std::string log;
    for (int n = 0; n < 8; ++n) {
      for (int r = 0; r < 4; ++r) {
        if (r == 1 && n == 7) continue;  // on the second host
        absl::StrAppend(&log, rccl ? "" : absl::StrCat("[1,", r, "]<stdout>:"),
                        r % 2 == 1 ? "a-late" : "z-early", ":", 50 + r, ":9 [", r / 2,
                        "] NCCL INFO AllReduce: opCount ", n,
                        " sendbuff 0x1 recvbuff 0x2 count 9 datatype 9 op 0 root 0 comm 0x", 7 + r,
                        " [nranks=4] stream 0x1", rccl ? absl::StrCat(" task 0 globalrank ", r) : "", "\n");
      }
    }
    const Report report = Analyze(log);
    EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
    EXPECT_THAT(report.verdict.hosts, ElementsAre("a-late"));
  }
}

TEST_F(LogsTest, LongLogsKeepTheLatestOperations) {
  NcclLog log;
  log.Made(2);
  for (int step = 0; step < 20'000; ++step) log.Step(2, step);
  log.Op(0, 2, "AllReduce", Hex(20'000), 7), log.Op(1, 2, "AllReduce", Hex(20'000), 8);
  const Report report = Analyze(log.text);
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_LT(report.store->operations.size(), 40'000u);
}

TEST_F(LogsTest, TheRankWithoutUnfinishedWorkHasNotCome) {
  std::string log = "epoch 1 loss 0.5\r\n";
  for (int r : {0, 1, 3}) log += Status(r, "0(default_pg)", 60, 56);
  log += Status(2, "0(default_pg)", 56, 56);
  // What follows is no cause: the watchdogs end their processes, the launcher tells the first that it saw.
  log +=
      "terminate called after throwing an instance of 'c10::DistBackendError'\n"
      "  what():  [PG ID 0 PG GUID 0(default_pg) Rank 0] Watchdog caught collective operation timeout\n"
      "Root Cause (first observed failure):\n[0]:\n  time      : 2025-06-03_17:48:09\n  host      : n1\n"
      "  rank      : 0 (local_rank: 0)\n  exitcode  : -6 (pid: 100)\n  error_file: <N/A>\n"
      "  traceback : Signal 6 (SIGABRT) received by PID 100\n====\n";
  const Report report = Analyze(log);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_GT(report.verdict.confidence, 0.7);
}

TEST_F(LogsTest, ASilentRankIsMissingAlsoInAnotherGroupOfTheWholeJob) {
  std::string log;
  for (int r : {0, 1, 3, 4, 5}) log += Status(r, "1", 60, 56);
  const Report report = Analyze(log);
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.summary, HasSubstr("ranks 0, 1, 3-5 wait in AllReduce #57"));
  EXPECT_THAT(report.verdict.summary, HasSubstr("rank 2"));
}

TEST_F(LogsTest, TheWaitOfAGroupLeadsThroughAnotherGroupToWhoHasNotCome) {
  std::string log;
  for (int r : {0, 1}) log += Status(r, "0(default_pg)", 60, 56);
  log += Status(2, "7(tp)", 91, 90) + Status(3, "7(tp)", 90, 90) + Status(3, "0(default_pg)", 56, 56) +
         Status(2, "0(default_pg)", 56, 56);
  // Watchdogs tell the place in the group.
  log = absl::StrReplaceAll(log, {{"(tp) Rank 2", "(tp) Rank 0"}, {"(tp) Rank 3", "(tp) Rank 1"}});
  const Report report = Analyze(log);
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

TEST_F(LogsTest, TimeoutsOfNobodyKnownAreNotHealth) {
  const Report report = Analyze(
      "Watchdog caught collective operation timeout: WorkNCCL(SeqNum=7, OpType=ALLREDUCE, "
      "Timeout(ms)=600000) ran for "
      "600005 milliseconds before timing out.\n");
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
}

TEST_F(LogsTest, OldWatchdogsThatNameOneOperationAreUnderstood) {
  std::string log;
  for (int r : {0, 1, 3}) {
    absl::StrAppend(&log, "[E ProcessGroupNCCL.cpp:587] [Rank ", r,
                    "] Watchdog caught collective operation timeout: ",
                    "WorkNCCL(SeqNum=7, OpType=ALLREDUCE, Timeout(ms)=1800000) ran for 1800116 milliseconds "
                    "before timing out.\n");
  }
  const Report report = Analyze(log);
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.summary, HasSubstr("rank 2"));
}

TEST_F(LogsTest, ATimeoutWhereAllCameIsNotHealth) {
  NcclLog log;
  log.Made(4);
  for (int step = 0; step < 20; ++step) log.Step(4, step);
  log.text +=
      "[rank0]:[E603 17:48:01.0 P.cpp:632] [Rank 0] Watchdog caught collective operation timeout: "
      "WorkNCCL(SeqNum=21, "
      "OpType=ALLREDUCE, Timeout(ms)=600000) ran for 600068 milliseconds before timing out.\n";
  const Report report = Analyze(log.text);
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
}

TEST_F(LogsTest, AnErrorOfNobodyKnownIsNotHealth) {
  NcclLog log;
  log.Made(2);
  for (int step = 0; step < 20; ++step) log.Step(2, step);
  const Report report = Analyze(
      log.text +
      "Traceback (most recent call last):\n  File \"/a/t.py\", line 3, in f\nValueError: \xff\x01wrong\n");
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.summary, HasSubstr("ValueError: ??wrong"));
}

TEST_F(LogsTest, TheLauncherTellsWhoDied) {
  const Report report = Analyze("W603 12:00:08.0 api.py:1] Sending process 101 closing signal SIGTERM\n" +
                                TorchrunReport(2, "-11", "Signal 11 (SIGSEGV) received by PID 102"));
  EXPECT_EQ(report.verdict.anomaly, "crash.process") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST_F(LogsTest, TracebacksTellWhy) {
  struct Case {
    const char *error, *anomaly;
  };
  for (const Case& c :
       {Case{"ValueError: wrong shape", "crash.exception"},
        Case{"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "crash.oom"},
        Case{"RuntimeError: CUDA error: an illegal memory access was encountered", "crash.cuda"}}) {
    const std::string traceback = absl::StrCat(
        "Traceback (most recent call last):\n[rank1]:   File \"/a/train.py\", line 12, in "
        "step\n[rank1]:     loss()\n[rank1]: ",
        c.error, "\n");
    std::string log = "[rank1]: " + traceback;
    // The others see it go.
    for (int r : {0, 2}) {
      absl::StrAppend(&log, "[rank", r, "]: Traceback (most recent call last):\n[rank", r,
                      "]:   File \"/a/train.py\", line 12, in s\n", "[rank", r,
                      "]: torch.distributed.DistBackendError: NCCL error in: x, ncclRemoteError: remote "
                      "process exited\n");
    }
    const Report report = Analyze(log);
    EXPECT_EQ(report.verdict.anomaly, c.anomaly) << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(1)) << c.error;
    EXPECT_THAT(report.verdict.summary, HasSubstr("train.py:12 in step"));
  }
}

// The watchdog and the communicator of a rank whose device fails die of that, too.
TEST_F(LogsTest, ACudaErrorThatEndsAWatchdogIsTheRanksOwn) {
  const std::string watchdog =
      "[rank1]:[E314 14:33:46.5 P.cpp:1] [PG ID 0 PG GUID 0(default_pg) Rank 1] Process group watchdog "
      "thread "
      "terminated with exception: CUDA error: uncorrectable ECC error encountered\n";
  const std::string exception =
      "[rank1]: terminate called after throwing an instance of 'c10::DistBackendError'\n[rank1]:   what():  "
      "[PG ID "
      "0 PG GUID 0(default_pg) Rank 1] Process group watchdog thread terminated with exception: CUDA error: "
      "uncorrectable ECC error encountered\n";
  const std::string remote =
      "[rank0]: Traceback (most recent call last):\n[rank0]:   File \"t.py\", line 1, in s\n[rank0]: "
      "torch.distributed.DistBackendError: NCCL error in: x, remote process exited\n";
  for (const std::string& own : {watchdog, exception, watchdog + exception}) {
    for (const std::string& log : {own, own + remote, remote + own}) {
      const Report report = Analyze(log);
      EXPECT_EQ(report.verdict.anomaly, "crash.cuda") << log << report.verdict.summary;
      EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
    }
  }
}

TEST_F(LogsTest, ErrorsThatWereSurvivedAreNone) {
  NcclLog log;
  log.Made(2);
  log.text +=
      "Traceback (most recent call last):\n  File \"/a/b.py\", line 1, in f\nImportError: no module named "
      "x\n";
  for (int step = 0; step < 60; ++step) log.Step(2, step), log.text += "step done\n";
  log.End(2, "Destroy");
  EXPECT_EQ(Analyze(log.text).verdict.anomaly, "healthy");
}

TEST_F(LogsTest, AnErrorFileTellsTheRankByItsDirectory) {
  std::filesystem::create_directories(directory_.path() / "attempt_0/3");
  directory_.Write(
      "attempt_0/3/error.json",
      R"({"message": {"message": "ValueError: wrong", "extraInfo": {"py_callstack": "Traceback (most recent call last):\n  File \"t.py\", line 9, in main\nValueError: wrong", "timestamp": "1748952001"}}})");
  const Report report = directory_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "crash.exception") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

std::string FailedGpuLog(const std::string& kernel) {
  NcclLog log;
  log.prefix = "[2025-06-03 12:00:01] ";
  log.Made(4);
  for (int step = 0; step < 5; ++step) log.Step(4, step);
  log.text += kernel;
  for (int r = 0; r < 4; ++r) {
    absl::StrAppend(&log.text, "[rank", r, "]: Traceback (most recent call last):\n[rank", r,
                    "]:   File \"/a/t.py\", line 1, in s\n[rank", r,
                    "]: torch.distributed.DistBackendError: NCCL error in: x, unhandled system error\n");
  }
  return log.text + TorchrunReport(0, "1", "To enable traceback see: x");
}

TEST_F(LogsTest, AGpuThatFellOffTheBusIsTheCause) {
  const std::string by_pid =
      "Jun  3 13:00:02 node1 kernel: NVRM: Xid (PCI:0000:77:00): 79, pid=102, name=python, GPU has fallen "
      "off the bus.\n";
  // The kernel counts processes otherwise than the container.
  const std::string by_bus =
      "[ 1843.308145] NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off "
      "the bus.\n";
  for (const std::string& line : {by_pid, by_bus}) {
    const Report report = Analyze(FailedGpuLog(line));
    EXPECT_EQ(report.verdict.anomaly, "crash.cuda") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(2)) << line;
    EXPECT_THAT(report.verdict.summary, HasSubstr("fallen off the bus"));
  }
}

TEST_F(LogsTest, XidsThatFollowFromSomethingElseNameNobody) {
  std::string kernel;
  for (int r = 0; r < 4; ++r)
    absl::StrAppend(&kernel, "Jun  3 12:00:02 node1 kernel: NVRM: Xid (PCI:0000:", r + 1,
                    "b:00): 45, pid=", 100 + r, ", name=python, Ch 1\n");
  const Report report = Analyze(FailedGpuLog(kernel));
  EXPECT_NE(report.verdict.anomaly, "crash.cuda");
}

TEST_F(LogsTest, AnXidOfAnEarlierDayDoesNotMakeAHealthyJobIll) {
  NcclLog log;
  log.Made(4);
  for (int step = 0; step < 5; ++step) log.Step(4, step);
  log.End(4, "Destroy");
  EXPECT_EQ(
      Analyze(log.text +
              "[ 18.3] NVRM: Xid (PCI:0000:3b:00): 79, pid=7, name=python, GPU has fallen off the bus.\n")
          .verdict.anomaly,
      "healthy");
}

TEST_F(LogsTest, AnXidOfLastWeekIsNotTheCauseOfTodaysFailure) {
  const Report report =
      Analyze(FailedGpuLog("May 25 12:00:02 node1 kernel: NVRM: Xid (PCI:0000:3b:00): 79, pid=102, "
                           "name=python, GPU has fallen off the bus.\n"));
  EXPECT_NE(report.verdict.anomaly, "crash.cuda") << report.verdict.summary;
}

}  // namespace
}  // namespace rankle::import
