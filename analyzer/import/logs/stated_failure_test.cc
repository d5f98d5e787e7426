// A log that states a failure never makes a healthy job, whether or not it tells who caused it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "analyzer/import/logs/testing/log_files.h"

namespace rankle::import {
namespace {

using namespace rankle::testing;  // NOLINT: the words of these tests
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(LogsTest, AStatedFailureIsNotHealth) {
  struct Case {
    const char *line, *told;
  };
  for (const Case& c : {
           Case{"n1:5:6 [4] ib.c:1 NCCL WARN NET/IB : Got completion from peer 10.0.0.2<5> with status=12 "
                "opcode=0",
                "Got completion from peer"},
           Case{"n1:5:6 [1] s.cc:5 NCCL WARN Net : Call to recv from 10.0.0.2<5> failed : Broken pipe",
                "Broken pipe"},
           Case{"n1:5:6 [1] s.cc:5 NCCL WARN socketStartConnect: Connect to 10.0.0.2<5> failed : Software "
                "caused "
                "connection abort",
                "socketStartConnect"},
           Case{"n1:5:6 [1] s.cc:5 NCCL WARN Net : Connection closed by remote peer", "Connection closed"},
           Case{"n1:5:6 [7] i.cc:1 NCCL WARN Mismatched collective detected, please check your calls at and "
                "around "
                "rank 39.",
                "around rank 39"},
           Case{"n1:5:6 [0] ib.cc:6 NCCL WARN NET/IB : collective mismatch error local size 32 remote 64",
                "remote 64"},
           Case{"[ 7.6] NVRM: Xid (PCI:0000:02:00): 79, GPU has fallen off the bus.", "Xid 79"},
           Case{
               "[ 7.6] NVRM: Xid (PCI:0000:dc:00): 45, pid=18, name=python3, Ch 1 caused by previous Xid 149",
               "caused by Xid 149"},
           Case{"[10] ./src/include/alloc.h:58 NCCL WARN Cuda failure 'out of memory'", "out of memory"},
           Case{"201: :41367:41367 [1] enqueue.cc:422 NCCL WARN Error : no algorithm/protocol available",
                "no algorithm"},
           Case{"[ 18.3] NVRM: fallen off the bus and is not responding to commands.", "fallen off the bus"},
           Case{"HW Exception by GPU node-9 (Agent handle: 0x6313) reason :GPU Hang", "GPU Hang"},
           Case{"[2025-07-28 11:07:56] Child process unexpectedly failed with exitcode=134. pid=1926765",
                "signal 6"},
           Case{"ERROR 07-01 13:54:43 m.py:1] Worker VllmWorkerProcess pid 1159 died, exit code: -6",
                "signal 6"},
           Case{"W1 12:13:49.3 1 torch/distributed/elastic/agent/server/api.py:7] Received 15 death signal, "
                "shutting "
                "down workers",
                "by signal 15"},
           Case{"W1 12:13:49.3 1 torch/distributed/elastic/multiprocessing/api.py:9] Sending process 85 "
                "closing "
                "signal SIGTERM",
                "signal 15"},
           Case{"slurmstepd: error: *** STEP 60.0 ON n1 CANCELLED AT 2024-04-23T12:18:08 ***",
                "Slurm cancelled"},
           Case{"slurmstepd: error: *** STEP 60.0 ON n1 CANCELLED AT 2024-04-23T12:18:08 DUE TO TIME LIMIT "
                "***",
                "due to TIME LIMIT"},
           Case{"[rank1]:[E4 01:32:50.9 P.cpp:1] [PG ID 0 PG GUID 0(default_pg) Rank 1] Received a dump "
                "signal due to "
                "a collective timeout from this local rank",
                "did not finish in time"},
           Case{"[rank1]:[E4 01:32:50.9 P.cpp:1] [Rank 1] Collective WorkNCCL(SeqNum=1, OpType=BROADCAST) "
                "raised the "
                "following async exception: NCCL error: remote process exited or there was a network error",
                "NCCL error"},
       }) {
    const Report report = Analyze(absl::StrCat(c.line, "\n"));
    EXPECT_EQ(report.verdict.anomaly, "unknown") << c.line << ": " << report.verdict.summary;
    EXPECT_THAT(report.verdict.summary, HasSubstr(c.told));
    EXPECT_THAT(report.verdict.ranks, IsEmpty());
  }
}

TEST_F(LogsTest, LinesThatStandInHealthyLogsAreNoFailures) {
  for (const char* line :
       {"n1:5:6 [1] w.cc:6 NCCL WARN Failed to open libibverbs.so[.1]",
        "n1:5:6 [1] i.cc:6 NCCL WARN Missing \"X=1\" from environment which can lead to hang!",
        "[ 7.6] NVRM: Xid (PCI:0000:02:00): 63, pid=5, Row Remapper: New row marked"}) {
    EXPECT_EQ(Analyze(absl::StrCat(line, "\n")).verdict.anomaly, "healthy") << line;
  }
}

std::string EvenSteps(int steps) {
  NcclLog log;
  log.Made(4);
  for (int step = 0; step < steps; ++step) log.Step(4, step);
  return log.text;
}
std::string NetworkErrors() {
  std::string text;
  for (int r = 0; r < 4; ++r) {
    absl::StrAppend(&text, "node1:", 100 + r, ":9 [", r,
                    "] ib.cc:1 NCCL WARN NET/IB : Got completion from peer 10.0.0.2<5> with error 12\n");
  }
  return text;
}

TEST_F(LogsTest, NetworkErrorsOfAllRanksAreNeitherHealthNorAnybodysFault) {
  std::string log = EvenSteps(9) + NetworkErrors();
  for (int r = 0; r < 4; ++r) {
    absl::StrAppend(
        &log, "[rank", r, "]:[E603 17:48:01.5 P.cpp:1] [Rank ", r,
        "] Collective WorkNCCL(SeqNum=9, OpType=ALLREDUCE) raised the following async exception: NCCL "
        "error: remote process exited or there was a network error\n");
  }
  const Report report = Analyze(log);
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
}

TEST_F(LogsTest, NetworkErrorsThatRanksGotOverAreNoFailure) {
  NcclLog rest;
  for (int step = 9; step < 109; ++step) rest.Step(4, step);
  EXPECT_EQ(Analyze(EvenSteps(9) + NetworkErrors() + rest.text).verdict.anomaly, "healthy");
  NcclLog end;
  end.End(4, "Destroy");
  EXPECT_EQ(Analyze(EvenSteps(9) + NetworkErrors() + end.text).verdict.anomaly, "healthy");
}

TEST_F(LogsTest, AJobThatEndedWellIsNotMadeIllByItsLauncher) {
  NcclLog end;
  end.End(4, "Destroy");
  EXPECT_EQ(Analyze(EvenSteps(9) + end.text +
                    "W603 12:00:08.0 api.py:1] Sending process 101 closing signal SIGTERM\n")
                .verdict.anomaly,
            "healthy");
}

}  // namespace
}  // namespace rankle::import
