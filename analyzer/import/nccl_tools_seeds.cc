// Writes the seed corpus of fuzz_nccl_tools: nccl_tools_seeds DIRECTORY. Small files of every format and
// shape that the tests make, each behind the two bytes that choose the reader.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "analyzer/testing/nccl_tools.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  using namespace rankle::testing;
  std::filesystem::create_directories(argv[1]);
  const auto write = [&](const char* name, char format, const std::string& bytes) {
    std::ofstream(std::filesystem::path(argv[1]) / name, std::ios::binary) << format << '\x7f' << bytes;
  };
  RasCommunicatorText c;
  c.processes = {0, 1};
  c.ranks = {{.rank = 0, .all_reduces = 3, .async_error = 6, .finalizing = true},
             {.rank = 1, .missing = true, .unresponsive = true, .dead = true}};
  write("ras-stuck", 0, "OK\n" + RasStatus("13:06:53", {3, 2}) + RasStatus("13:16:53", {3, 2}));
  write("ras-dead", 0, RasStatus("13:06:53", {c}) + RasPeerDead("13:06:54", 1));
  write("ras-text", 0,
        RasStatusText("#0-0 (cf264af53edbe986) INCOMPLETE\n  Missing communicator data from 1 rank\n"
                      "  The missing rank: 3\n\n#0-0 (cf264af53edbe986) ERROR\n"
                      "  Asynchronous error on 1 rank\n  Rank 1 reported System error -- GPU 1 managed by "
                      "process 101 on node 10.0.0.1\n"));
  InspectorText verbose, p2p;
  verbose.ranks = p2p.ranks = 2, verbose.name = "dp", verbose.ended_us = verbose.dumped_us - 10;
  p2p.p2p = true, p2p.function = "Send", p2p.peer = 1;
  write("inspector", 1, InspectorLine(verbose) + InspectorLine(p2p) + InspectorLine({}));
  ProfilerText coll, send;
  coll.called = send.called = 10, coll.begun = send.begun = 20, coll.ended = 900, coll.next = 1;
  send.p2p = true, send.function = "Send", send.peer = 1;
  write("profiler", 2, ProfilerDump({coll, send}));
  coll.kernels = false;
  write("profiler-old", 2, ProfilerDump({coll}));
  return 0;
}
