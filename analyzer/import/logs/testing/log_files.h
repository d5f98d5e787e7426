// Logs for tests: those of made-up jobs in the shapes of public ones, as files of a fresh directory.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "analyzer/report/report.h"
#include "analyzer/testing/dump_files.h"

namespace rankle::testing {

class LogsTest : public ::testing::Test {
 protected:
  Report Analyze(const std::string& log, const std::string& name = "output") {
    directory_.Write(name, log);
    return directory_.Analyze();
  }
  rankle::testing::DumpDirectory directory_{std::string("logs_") +
                                            ::testing::UnitTest::GetInstance()->current_test_info()->name()};
};

// Lines of NCCL of a job with one process a device on one host, pid 100 + rank.
struct NcclLog {
  std::string text, prefix;
  std::string Head(int rank) const {
    return absl::StrCat(prefix, "node1:", 100 + rank, ":", 200 + rank, " [", rank, "] NCCL INFO ");
  }
  void Init(int rank, int ranks, const char* stage, const std::string& id = "0x99de") {
    absl::StrAppend(&text, Head(rank), "ncclCommInitRank comm 0x5a", rank, " rank ", rank, " nranks ", ranks,
                    " cudaDev ", rank, " nvmlDev ", rank, " busId ", rank + 1, "b000 commId ", id, " - Init ",
                    stage, "\n");
  }
  void Made(int ranks) {
    for (const char* stage : {"START", "COMPLETE"}) {
      for (int r = 0; r < ranks; ++r) Init(r, ranks, stage);
    }
  }
  void Op(int rank, int ranks, const std::string& name, const std::string& op_count, int count,
          int root = 0) {
    absl::StrAppend(&text, Head(rank), name, ": opCount ", op_count, " sendbuff 0x7f0 recvbuff 0x7f1 count ",
                    count, " datatype 7 op 0 root ", root, " comm 0x5a", rank, " [nranks=", ranks,
                    "] stream 0x9\n");
  }
  void End(int ranks, const char* how) {
    for (int r = 0; r < ranks; ++r) {
      absl::StrAppend(&text, Head(r), "comm 0x5a", r, " rank ", r, " nranks ", ranks, " cudaDev ", r,
                      " busId ", r + 1, "b000 - ", how, " COMPLETE\n");
    }
  }
  void Step(int ranks, int number) {
    for (int r = 0; r < ranks; ++r)
      Op(r, ranks, "AllReduce", absl::StrCat(absl::Hex(number)), 4096 + number % 3);
  }
};

inline std::string Hex(int number) { return absl::StrCat(absl::Hex(number)); }

// What a watchdog says of a rank and its group; of one that has nothing unfinished, on the signal of another.
inline std::string Status(int rank, const std::string& group, int enqueued, int completed) {
  const std::string head =
      absl::StrCat("[rank", rank, "]:[E603 17:48:0", rank, ".5 ProcessGroupNCCL.cpp:1] ");
  if (enqueued == completed) {
    return absl::StrCat(head, "[PG ID 0 PG GUID ", group, " Rank ", rank,
                        "] Received a dump signal due to a collective timeout from  rank 0 and we will try "
                        "our best to dump the "
                        "debug info. Last enqueued NCCL work: ",
                        enqueued, ", last completed NCCL work: ", completed,
                        ".This is most likely caused by incorrect usages of collectives\n");
  }
  return absl::StrCat(
      head, "[Rank ", rank, "] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=", completed + 1,
      ", OpType=ALLREDUCE, NumelIn=64, NumelOut=64, Timeout(ms)=600000) ran for 600005 milliseconds before "
      "timing out.\n",
      head, "[PG ID 0 PG GUID ", group, " Rank ", rank,
      "]  failure detected by watchdog at work "
      "sequence id: ",
      completed + 1, " PG status: last enqueued work: ", enqueued, ", last completed work: ", completed, "\n",
      head, "[Rank ", rank, "] To avoid data inconsistency, we are taking the entire process down.\n");
}

// The block that torchrun prints at the end.
inline std::string TorchrunReport(int rank, const std::string& code, const std::string& traceback) {
  return absl::StrCat(
      "Root Cause (first observed failure):\n[0]:\n  time      : 2025-06-03_12:00:09\n  host      : node1\n",
      "  rank      : ", rank, " (local_rank: ", rank, ")\n  exitcode  : ", code, " (pid: ", 100 + rank,
      ")\n  error_file: <N/A>\n  traceback : ", traceback, "\n====\n");
}

}  // namespace rankle::testing
