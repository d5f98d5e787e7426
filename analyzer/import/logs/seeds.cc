// Writes the seed corpus of fuzz_logs: logs_seeds DIRECTORY. One small log of each family of lines.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

namespace {

constexpr std::pair<const char*, const char*> kSeeds[] = {
    {"nccl",
     "NCCL version 2.21.5+cuda12.4\n"
     "n1:100:200 [0] NCCL INFO ncclCommInitRank comm 0x5a0 rank 0 nranks 2 cudaDev 0 nvmlDev 0 busId 1b000 "
     "commId "
     "0x99de - Init START\n"
     "n1:101:201 [1] NCCL INFO ncclCommInitRank comm 0x5a1 rank 1 nranks 2 cudaDev 1 nvmlDev 1 busId 2b000 "
     "commId "
     "0x99de - Init COMPLETE\n"
     "n1:100:200 [0] NCCL INFO AllReduce: opCount 1f sendbuff 0x7f0 recvbuff 0x7f1 count 4096 datatype 7 op "
     "0 root 0 "
     "comm 0x5a0 [nranks=2] stream 0x9\n"
     "n1:101:201 [1] NCCL INFO Send: opCount 1f sendbuff 0x7f0 recvbuff (nil) count 4096 datatype 9 op 0 "
     "root 0 comm "
     "0x5a1 [nranks=2] stream 0x9 task 0 globalrank 1\n"
     "n1:100:200 [0] NCCL INFO ncclCommSplit comm 0x5c0 rank 0 nranks 1 cudaDev 0 nvmlDev 0 busId 1b000 "
     "parent 0x5a0 "
     "childCount 1 color 7 key 0 - Init COMPLETE\n\n"
     "[2025-06-03 12:00:01] n1:100:200 [0] misc/socket.cc:50 (f) NCCL WARN Connection closed by remote peer "
     "n2<4>\n"
     "[1,1]<stdout>:n1:101:201 [1] NCCL INFO comm 0x5a1 rank 1 nranks 2 cudaDev 1 busId 2b000 - Abort "
     "COMPLETE\n"},
    {"watchdog",
     "[rank1]:[E603 17:48:01.005271823 ProcessGroupNCCL.cpp:632] [Rank 1] Watchdog caught collective "
     "operation "
     "timeout: WorkNCCL(SeqNum=57, OpType=ALLREDUCE, NumelIn=64, NumelOut=64, Timeout(ms)=600000) ran for "
     "600005 "
     "milliseconds before timing out.\n"
     "[rank1]:[E603 17:48:01.1 P.cpp:1] [PG ID 0 PG GUID 0(default_pg) Rank 1]  failure detected by watchdog "
     "at work "
     "sequence id: 57 PG status: last enqueued work: 60, last completed work: 56\n"
     "[rank0]:[E603 17:48:01.2 P.cpp:1] [PG ID 0 PG GUID 0(default_pg) Rank 0] Received a dump signal due to "
     "a "
     "collective timeout from  rank 1 and we will try. Last enqueued NCCL work: 56, last completed NCCL "
     "work: 56.\n"
     "[rank1]:[E603 17:48:01.3 P.cpp:1] [Rank 1] To avoid data inconsistency, we are taking the entire "
     "process "
     "down.\n"},
    {"launcher",
     "E0325 20:57:27.620000 2606 api.py:869] failed (exitcode: -9) local_rank: 1 (pid: 101) of binary: "
     "python\n"
     "Sending process 100 closing signal SIGTERM\nsrun: error: n1: task 1: Killed\n"
     "Root Cause (first observed failure):\n[0]:\n  time      : 2025-06-03_12:00:09\n  host      : n1\n"
     "  rank      : 1 (local_rank: 1)\n  exitcode  : 1 (pid: 101)\n  error_file: e.json\n"
     "  traceback : Traceback (most recent call last):\n    File \"t.py\", line 9, in main\n  ValueError: "
     "wrong\n====\n"},
    {"traceback",
     "[rank0]: Traceback (most recent call last):\n[rank0]:   File \"/a/t.py\", line 12, in step\n[rank0]: "
     "torch.OutOfMemoryError: CUDA out of memory.\n"
     "terminate called after throwing an instance of 'c10::Error'\n  what():  CUDA error: x\n"
     "Jun  3 12:00:02 n1 kernel: NVRM: Xid (PCI:0000:1b:00): 79, pid=100, name=python, GPU has fallen off "
     "the bus.\n"},
    {"error_file",
     "{\"message\": {\"message\": \"ValueError: x\", \"extraInfo\": {\"py_callstack\": \"Traceback (most "
     "recent call "
     "last):\\n  File \\\"t.py\\\", line 9, in main\\nValueError: x\\n\", \"timestamp\": \"1748952001\"}}}"},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  std::filesystem::create_directories(argv[1]);
  for (const auto& [name, text] : kSeeds) {
    std::ofstream(std::filesystem::path(argv[1]) / name, std::ios::binary) << text;
  }
  return 0;
}
