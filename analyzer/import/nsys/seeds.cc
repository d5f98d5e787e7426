// Writes the seed corpus of fuzz_nsys: nsys_seeds DIRECTORY. Exports of every form that the tests make, with
// small pages, so that they stay below the fuzzer's limit.
#include <cstdio>
#include <filesystem>
#include <string>

#include "analyzer/testing/nsys_database.h"

int main(int argc, char** argv) {
  using rankle::testing::NsysDatabase;
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  std::filesystem::create_directories(argv[1]);
  NsysDatabase::Form with_capture, old_nccl, without_ranges;
  with_capture.capture = "RANK=3 python train.py";
  old_nccl.communicators = false, old_nccl.inline_text = true;
  without_ranges.ranges = false, without_ranges.session_ns = 0;
  int number = 0;
  for (const NsysDatabase::Form& form : {NsysDatabase::Form{}, with_capture, old_nccl, without_ranges}) {
    NsysDatabase database(std::string(argv[1]) + "/form" + std::to_string(number++), form);
    for (const int rank : {0, 1}) {
      const rankle::testing::NsysProcess process{
          .pid = 100 + rank, .device = static_cast<uint32_t>(rank), .mpi_rank = rank};
      database.Created(process, 0xabc, 2, rank);
      database.Call(process, {.called = 10, .started = 20 + rank, .finished = 40});
      database.Call(process,
                    {.name = "ncclSend", .called = 50, .started = 60, .finished = 70, .peer = 1 - rank});
    }
    database.Execute("COMMIT");
    database.Execute("PRAGMA page_size = 512");
    database.Execute("VACUUM");
    database.Execute("BEGIN");  // ended with the object
  }
  return 0;
}
