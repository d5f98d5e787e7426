// The scanners of single lines, on the shapes that public logs show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/import/logs/failure_text.h"
#include "analyzer/import/logs/launcher_line.h"
#include "analyzer/import/logs/line_splitter.h"
#include "analyzer/import/logs/log_text.h"
#include "analyzer/import/logs/nccl_line.h"
#include "analyzer/import/logs/traceback.h"
#include "analyzer/import/logs/watchdog_line.h"
#include "analyzer/import/logs/xid.h"

namespace rankle::import {
namespace {

using ::testing::SizeIs;

// The line must outlive what it returns.
NcclLine Nccl(std::string_view line) {
  NcclLine parsed;
  const size_t mark = FindNcclMark(line);
  EXPECT_NE(mark, std::string_view::npos) << line;
  EXPECT_TRUE(ParseNcclLine(line, mark, parsed)) << line;
  return parsed;
}

TEST(NcclLineTest, ACollectiveHasItsArgumentsWithAHexCounter) {
  const NcclLine l = Nccl(
      "h03r3n06:45006:45007 [3] NCCL INFO AllReduce: opCount 28c sendbuff 0x7f5dd32b2100 recvbuff "
      "0x7f5dd32b2100 "
      "count 9984512 datatype 7 op 2 root 0 comm 0x55bef0201370 [nranks=4] stream 0x55bef0208bd0");
  EXPECT_EQ(l.kind, NcclLineKind::kCollective);
  EXPECT_EQ(l.host, "h03r3n06");
  EXPECT_EQ(l.pid, 45006);
  EXPECT_EQ(l.device, 3);
  EXPECT_EQ(l.operation, "AllReduce");
  EXPECT_EQ(l.op_count, 0x28cu);
  EXPECT_EQ(l.count, 9984512u);
  EXPECT_EQ(l.datatype, 7);
  EXPECT_EQ(l.redop, 2);
  EXPECT_EQ(l.communicator, 0x55bef0201370u);
  EXPECT_EQ(l.ranks, 4);
  EXPECT_EQ(l.global_rank, -1);
}

TEST(NcclLineTest, RcclAppendsTheRank) {
  const NcclLine l = Nccl(
      "n1:7:9 [0] NCCL INFO Broadcast: opCount 0 sendbuff (nil) recvbuff 0x1 count 5 datatype 1 op 0 root 6 "
      "comm "
      "0xab [nranks=8] stream 0x1 task 0 globalrank 170");
  EXPECT_EQ(l.root, 6);
  EXPECT_EQ(l.global_rank, 170);
}

TEST(NcclLineTest, WhatLaunchersPutBeforeIsNotTheHost) {
  for (const char* prefix :
       {"[rank3]: ", "[1,3]<stdout>:", " 3: ", "[default3]:", "(RayTrainWorker pid=615, ip=10.7.2.6) ",
        "[2025-05-21 15:43:03] ", "2025-05-21T15:43:03.5Z ", "worker-0 | "}) {
    const std::string line = std::string(prefix) + "node-1.x:61:70 [1] NCCL INFO Using network IB";
    const NcclLine l = Nccl(line);
    EXPECT_EQ(l.host, "node-1.x") << prefix;
    EXPECT_EQ(l.pid, 61) << prefix;
    EXPECT_EQ(l.device, 1) << prefix;
  }
}

TEST(NcclLineTest, ACommunicatorIsMadeSplitAndEnds) {
  NcclLine l = Nccl(
      "n:1:2 [0] NCCL INFO ncclCommInitRank comm 0x1277bf60 rank 5 nranks 8 cudaDev 5 nvmlDev 5 busId 65000 "
      "commId "
      "0xbd10cc2bcb56e132 - Init START");
  EXPECT_EQ(l.kind, NcclLineKind::kInitStarted);
  EXPECT_EQ(l.communicator, 0x1277bf60u);
  EXPECT_EQ(l.rank, 5);
  EXPECT_EQ(l.ranks, 8);
  EXPECT_EQ(l.device, 5);
  EXPECT_EQ(l.bus, 0x65000u);
  EXPECT_EQ(l.communicator_id, 0xbd10cc2bcb56e132u);
  l = Nccl(
      "n:1:2 [0] NCCL INFO ncclCommSplit comm 0x59 rank 0 nranks 2 cudaDev 0 nvmlDev 0 busId 1a000 parent "
      "0x58 "
      "childCount 1 color 1684518034 key 0 - Init COMPLETE");
  EXPECT_EQ(l.kind, NcclLineKind::kInitComplete);
  EXPECT_EQ(l.parent, 0x58u);
  EXPECT_EQ(l.color, 1684518034);
  EXPECT_EQ(l.child, 1);
  EXPECT_EQ(l.communicator_id, 0u);
  EXPECT_EQ(
      Nccl("n:1:2 [0] NCCL INFO comm 0x59 rank 0 nranks 2 cudaDev 0 busId 1a000 - Destroy COMPLETE").kind,
      NcclLineKind::kDestroyed);
  EXPECT_EQ(Nccl("n:1:2 [0] NCCL INFO comm 0x59 rank 0 nranks 2 cudaDev 0 busId 1a000 - Abort COMPLETE").kind,
            NcclLineKind::kAborted);
  EXPECT_EQ(
      Nccl("n:1:2 [0] NCCL INFO comm 0x7e rank 0 nRanks 2 nNodes 2 localRanks 1 localRank 0 MNNVL 0").kind,
      NcclLineKind::kOther);
}

TEST(NcclLineTest, AWarningHasATimeAndAPlaceInTheSource) {
  const NcclLine l = Nccl(
      "[2024-02-22 23:29:01] n1:615:18953 [2] transport/net_ib.cc:667 (ncclIbTest) NCCL WARN NET/IB : Got "
      "completion "
      "from peer 10.0.0.1 with status=12");
  EXPECT_EQ(l.kind, NcclLineKind::kWarning);
  EXPECT_EQ(l.host, "n1");
  EXPECT_NE(FindTime(l.prefix), 0);
}

TEST(NcclLineTest, WhatOnlyLooksLikeItIsNone) {
  NcclLine parsed;
  for (std::string_view line :
       {"we set NCCL INFO today", " NCCL INFO ", "a:b:c [0] NCCL INFO x", "n:1:2 [x] NCCL INFO x",
        ":1:2 [0] NCCL INFO x", "n:99999999999:2 [0] NCCL INFO x"}) {
    const size_t mark = FindNcclMark(line);
    EXPECT_FALSE(mark != std::string_view::npos && ParseNcclLine(line, mark, parsed)) << line;
  }
}

TEST(WatchdogLineTest, AllVersionsOfTheLines) {
  WatchdogLine l;
  ASSERT_TRUE(
      ParseWatchdogLine("[rank118]:[E603 17:48:01.005271823 ProcessGroupNCCL.cpp:632] [Rank 118] Watchdog "
                        "caught collective operation "
                        "timeout: WorkNCCL(SeqNum=2398459, OpType=ALLREDUCE, NumelIn=8652160, "
                        "NumelOut=8652161, Timeout(ms)=1800000) "
                        "ran for 1800068 milliseconds before timing out.",
                        l));
  EXPECT_EQ(l.kind, WatchdogLineKind::kTimeout);
  EXPECT_EQ(l.rank, 118);
  EXPECT_EQ(l.sequence, 2398459);
  EXPECT_EQ(l.operation, "ALLREDUCE");
  EXPECT_EQ(l.elements_in, 8652160);
  EXPECT_EQ(l.timeout_ms, 1800000);
  EXPECT_EQ(l.ran_ms, 1800068);
  ASSERT_TRUE(ParseWatchdogLine(
      "[Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=7, "
      "OpType=BROADCAST, Timeout(ms)=600000) ran for 600060 milliseconds before timing out.",
      l));
  EXPECT_EQ(l.operation, "BROADCAST");
  EXPECT_EQ(l.elements_in, -1);
  EXPECT_EQ(l.rank, -1);
  EXPECT_EQ(l.group_rank, 1);

  ASSERT_TRUE(ParseWatchdogLine(
      "[rank3]:[E1218 01:02:03.5 ProcessGroupNCCL.cpp:1] [PG ID 0 PG GUID 0(default_pg) Rank 3]  "
      "failure detected by watchdog at work sequence id: 59 PG status: last enqueued work: "
      "78, last completed work: 58",
      l));
  EXPECT_EQ(l.kind, WatchdogLineKind::kStatus);
  EXPECT_EQ(l.group, "0");
  EXPECT_EQ(l.description, "default_pg");
  EXPECT_EQ(l.sequence, 59);
  EXPECT_EQ(l.enqueued, 78);
  EXPECT_EQ(l.completed, 58);
  ASSERT_TRUE(ParseWatchdogLine(
      "[PG 1 Rank 0] Exception (either an error or timeout) detected by watchdog at work: 7753, "
      "last enqueued NCCL work: 7755, last completed NCCL work: -1.",
      l));
  EXPECT_EQ(l.group, "1");
  EXPECT_EQ(l.completed, -1);
  ASSERT_TRUE(ParseWatchdogLine(
      "[rank3]:[E909 09:55:46.996 ProcessGroupNCCL.cpp:1709] [PG 0 (default_pg) Rank 3] Timeout at "
      "NCCL work: 2070, last enqueued NCCL work: 2082, last completed NCCL work: 2069.",
      l));
  EXPECT_EQ(l.group, "0");
  EXPECT_EQ(l.description, "default_pg");
  EXPECT_EQ(l.sequence, 2070);
  ASSERT_TRUE(ParseWatchdogLine(
      "[PG ID 2 PG GUID 5 Rank 1] Received a dump signal due to a collective timeout from  rank 7 "
      "and we will try our best to dump the debug info. Last enqueued NCCL work: 56, last "
      "completed NCCL work: 56.This is most likely",
      l));
  EXPECT_EQ(l.kind, WatchdogLineKind::kDumpSignal);
  EXPECT_EQ(l.group, "5");
  EXPECT_EQ(l.enqueued, 56);
  EXPECT_FALSE(ParseWatchdogLine("[Rank 0] loss 0.1", l));
  EXPECT_FALSE(ParseWatchdogLine("[PG ID 0 PG GUID 0 Rank 0] ProcessGroupNCCL initialization options", l));
}

TEST(XidTest, AllFormsOfKernelLogs) {
  XidLine x;
  ASSERT_TRUE(ParseXidLine(
      "[ 1843.308145] NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python, GPU has fallen off the bus.",
      x));
  EXPECT_EQ(x.number, 79);
  EXPECT_EQ(x.who.pid, 1234);
  EXPECT_EQ(x.who.bus, 0x3b000u);
  EXPECT_EQ(x.who.host, "");
  ASSERT_TRUE(ParseXidLine(
      "Nov 22 15:39:14 node7 kernel: NVRM: Xid (PCI:0001:00:1f): 45, pid='<unknown>', name=<unknown>, Ch 1",
      x));
  EXPECT_EQ(x.who.host, "node7");
  EXPECT_EQ(x.who.pid, -1);
  EXPECT_EQ(x.who.bus, 0x1001f0u);
  ASSERT_TRUE(ParseXidLine(
      "2025-11-22T15:39:14.123+00:00 n8 kernel: [12.5] NVRM: Xid (PCI:0000:dc:00): 94, Contained", x));
  EXPECT_EQ(x.who.host, "n8");
  EXPECT_FALSE(ParseXidLine("NVRM: loading NVIDIA UNIX Open Kernel Module", x));
}

TEST(XidTest, ConsequencesAreNoCauses) {
  EXPECT_EQ(MeaningOfXid(79).blame, XidBlame::kDevice);
  EXPECT_EQ(MeaningOfXid(31).blame, XidBlame::kProgram);
  for (int number : {43, 45}) EXPECT_EQ(MeaningOfXid(number).blame, XidBlame::kConsequence);
  for (int number : {63, 92, 4711}) EXPECT_EQ(MeaningOfXid(number).blame, XidBlame::kNone);
}

TEST(LogTextTest, TimesOfAllFormatsAreOnOneAxis) {
  const int64_t noon = FindTime("[2025-06-03 12:00:01] x");
  EXPECT_NE(noon, 0);
  for (const char* same : {"[rank1]:[E603 12:00:01.0 P.cpp:1]", "E0603 12:00:01.0 2606 api.py:869]",
                           "2024-06-03T12:00:01Z", "Jun  3 12:00:01 n1 kernel:",
                           "[Tue Jun  3 12:00:01 2025] NVRM", "  time      : 2025-06-03_12:00:01"}) {
    EXPECT_EQ(FindTime(same), noon) << same;
  }
  EXPECT_EQ(FindTime("2025-06-03 12:00:01,250") - noon, 250'000'000);
  EXPECT_EQ(YearTime(1748952001), noon);
  for (const char* none :
       {"", "12:00:01", "a 1:2:3 b", "2025-13-03 12:00:01", "Jux 3 12:00:01", "[ 1843.30] NVRM: Xid"})
    EXPECT_EQ(FindTime(none), 0) << none;
}

TEST(LogTextTest, ColoursAndCarriageReturnsAreRemoved) {
  std::string scratch;
  EXPECT_EQ(CleanLine("\x1b[1;31mError\x1b[0m: x\r", scratch), "Error: x");
  EXPECT_EQ(CleanLine("\x1b[", scratch), "");
  EXPECT_EQ(CleanLine("plain", scratch), "plain");
}

TEST(LogTextTest, TagsTellTheRank) {
  EXPECT_EQ(SplitTags("[rank3]: Traceback").rank, 3);
  EXPECT_EQ(SplitTags("[rank3]:   File").text, "  File");
  EXPECT_EQ(SplitTags("[1,12]<stderr>:x").rank, 12);
  EXPECT_EQ(SplitTags("  7: x").rank, 7);
  EXPECT_EQ(SplitTags("[default2]:x").local_rank, 2);
  EXPECT_EQ(SplitTags("[default2]:x").rank, -1);
  EXPECT_EQ(SplitTags("[0]: x").rank, -1);
  EXPECT_EQ(SplitTags("no tag").text, "no tag");
}

TEST(TracebackTest, TheInnermostFrameAndTheErrorAreTold) {
  TracebackReader reader;
  TracebackEnd end;
  EXPECT_FALSE(reader.Take("Traceback (most recent call last):", end));
  EXPECT_FALSE(reader.Take("  File \"/a/main.py\", line 3, in <module>", end));
  EXPECT_FALSE(reader.Take("    main()", end));
  EXPECT_FALSE(reader.Take("  File \"/a/model.py\", line 77, in forward", end));
  ASSERT_TRUE(reader.Take("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", end));
  EXPECT_EQ(end.error, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB");
  EXPECT_EQ(end.place, "model.py:77 in forward");
  EXPECT_FALSE(reader.inside());
  reader.Take("terminate called after throwing an instance of 'c10::Error'", end);
  ASSERT_TRUE(reader.Take("  what():  CUDA error: an illegal memory access", end));
  EXPECT_EQ(end.error, "c10::Error: CUDA error: an illegal memory access");
}

TEST(LauncherTest, TheReportOfTorchrun) {
  LauncherReader reader;
  std::vector<ProcessEnd> ends;
  for (const char* line :
       {"=====",
        "train.py FAILED",
        "-----",
        "Failures:",
        "[1]:",
        "  time      : 2025-05-21_15:43:05",
        "  host      : n2",
        "  rank      : 5 (local_rank: 1)",
        "  exitcode  : 1 (pid: 77)",
        "  error_file: <N/A>",
        "  traceback : To enable traceback see: https://pytorch.org/docs/stable/elastic/errors.html",
        "-----",
        "Root Cause (first observed failure):",
        "[0]:",
        "  time      : 2025-05-21_15:43:03",
        "  host      : n1",
        "  rank      : 0 (local_rank: 0)",
        "  exitcode  : -9 (pid: 14750) (SIGKILL)",
        "  error_file: /tmp/e.json",
        "  traceback : Traceback (most recent call last):",
        "    File \"/a/t.py\", line 9, in main",
        "  ValueError: wrong",
        "",
        "====="}) {
    if (auto end = reader.Take(line)) ends.push_back(*end);
  }
  ASSERT_THAT(ends, SizeIs(2));
  EXPECT_EQ(ends[0].who.rank, 5);
  EXPECT_EQ(ends[0].exit_code, 1);
  EXPECT_FALSE(ends[0].first);
  EXPECT_EQ(ends[1].who.rank, 0);
  EXPECT_EQ(ends[1].who.host, "n1");
  EXPECT_EQ(ends[1].who.pid, 14750);
  EXPECT_EQ(ends[1].signal, 9);
  EXPECT_TRUE(ends[1].first);
  EXPECT_EQ(ends[1].error, "ValueError: wrong");
  EXPECT_LT(ends[1].time, ends[0].time);
}

TEST(LauncherTest, LinesOfAgentsAndSchedulers) {
  LauncherReader reader;
  auto end = reader.Take(
      "E0325 20:57:27.620000 2606 api.py:869] failed (exitcode: -9) local_rank: 5 (pid: 2630) of binary: /p");
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->signal, 9);
  EXPECT_EQ(end->who.local_rank, 5);
  EXPECT_EQ(end->who.pid, 2630);
  end = reader.Take("W0227 x api.py:1] Sending process 165 closing signal SIGTERM");
  ASSERT_TRUE(end.has_value());
  EXPECT_TRUE(end->asked);
  end = reader.Take("srun: error: n3: task 11: Segmentation fault (core dumped)");
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->who.rank, 11);
  EXPECT_EQ(end->signal, 11);
  end = reader.Take("mpirun noticed that process rank 3 with PID 17 on node n1 exited on signal 9 (Killed).");
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->who.rank, 3);
  EXPECT_FALSE(reader.Take("srun: error: n3: tasks 0-7: Killed").has_value());
}

TEST(LauncherTest, ErrorFiles) {
  const std::string text =
      R"({"message": {"message": "ValueError: wrong", "extraInfo": {"py_callstack": "Traceback (most recent call last):\n  File \"/a/t.py\", line 9, in main\nValueError: wrong\n", "timestamp": "1748952001"}}})";
  ASSERT_TRUE(LooksLikeErrorFile(text));
  const auto file = ParseErrorFile(text);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->error, "ValueError: wrong");
  EXPECT_EQ(file->place, "t.py:9 in main");
  EXPECT_EQ(file->seconds, 1748952001);
  EXPECT_FALSE(ParseErrorFile("{\"message\": 7}").has_value());
  EXPECT_FALSE(ParseErrorFile(text.substr(0, 60)).has_value());
  EXPECT_FALSE(LooksLikeErrorFile("{\"pg_config\": {}, \"message\": 1}"));
}

TEST(FailureTextTest, ErrorsAreTakenForWhatTheyAre) {
  using Weight = ErrorMeaning::Weight;
  const auto expect = [](std::string_view text, Weight weight, store::ReportedFailure failure,
                         store::Blame blame) {
    const ErrorMeaning m = MeaningOfError(text);
    EXPECT_EQ(m.weight, weight) << text;
    EXPECT_EQ(m.failure, failure) << text;
    EXPECT_EQ(m.blame, blame) << text;
  };
  using F = store::ReportedFailure;
  using B = store::Blame;
  expect("torch.cuda.OutOfMemoryError: CUDA out of memory.", Weight::kFailure, F::kOutOfMemory, B::kLocal);
  expect("RuntimeError: CUDA error: an illegal memory access was encountered", Weight::kFailure, F::kCuda,
         B::kLocal);
  expect("torch.distributed.DistBackendError: NCCL error in: x.cpp:1, ncclRemoteError: y", Weight::kFailure,
         F::kNccl, B::kTypical);
  expect("torch.distributed.DistBackendError: NCCL error in: x.cpp:1, internal error", Weight::kFailure,
         F::kNccl, B::kAmbiguous);
  expect("ValueError: wrong", Weight::kFailure, F::kException, B::kLocal);
  EXPECT_EQ(
      MeaningOfError("c10::DistBackendError: [Rank 3] Watchdog caught collective operation timeout").weight,
      Weight::kWatchdog);
  EXPECT_EQ(MeaningOfError("torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ").weight,
            Weight::kNothing);
  EXPECT_EQ(MeaningOfWarning("Failed to open libibverbs.so[.1]").weight, Weight::kNothing);
  EXPECT_EQ(MeaningOfWarning("Cuda failure 'an illegal memory access'").failure, F::kCuda);
}

TEST(LineSplitterTest, LinesAreWholeWhateverThePiecesAndNeverLong) {
  const std::string text = "one\ntwo\n\nthree" + std::string(200'000, 'x') + "\nlast";
  std::vector<std::string> expected{"one", "two", "",
                                    "three" + std::string(LineSplitter::kLongestLine - 5, 'x'), "last"};
  for (size_t step : {1u, 3u, 70'000u, 1'000'000u}) {
    LineSplitter splitter;
    std::vector<std::string> lines;
    const auto take = [&](std::string_view line) { lines.emplace_back(line); };
    for (size_t at = 0; at < text.size(); at += step)
      splitter.Feed(std::string_view(text).substr(at, step), take);
    splitter.Finish(take);
    EXPECT_EQ(lines, expected) << step;
    EXPECT_EQ(splitter.cut_lines(), 1u) << step;
  }
}

}  // namespace
}  // namespace rankle::import
