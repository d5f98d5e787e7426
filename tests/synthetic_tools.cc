// Writes what NCCL's own tools leave of a data-parallel job of any size:
//   synthetic_tools inspector RANKS RECORDS DIRECTORY   one file a rank; the culprit is late by 15 ms each
//   time synthetic_tools ras RANKS DIRECTORY                 two snapshots of a job whose culprit stays
//   behind
// The culprit is rank RANKS / 3, which is printed.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "analyzer/testing/nccl_tools.h"

namespace {

using namespace rankle::testing;
namespace fs = std::filesystem;

void WriteInspector(int ranks, int records, const fs::path& directory) {
  for (int rank = 0; rank < ranks; ++rank) {
    std::ofstream out(directory / ("host-pid" + std::to_string(1000 + rank) + ".log"));
    for (int n = 0; n < records; ++n) {
      InspectorText r;
      r.name = "dp", r.rank = rank, r.ranks = ranks, r.pid = 1000 + rank, r.number = n;
      r.dumped_us += 20'000 * n;
      r.duration_us = 2000 + (7 * n + 13 * rank) % 11 * 10 + (rank == ranks / 3 ? 0 : 15'000);
      out << InspectorLine(r);
    }
  }
}

void WriteRas(int ranks, const fs::path& directory) {
  std::vector<uint64_t> counts(static_cast<size_t>(ranks), 100);
  counts[static_cast<size_t>(ranks / 3)] = 99;
  std::ofstream(directory / "polls") << RasStatus("13:06:53", counts) << RasStatus("13:16:53", counts);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string kind = argc > 1 ? argv[1] : "";
  const bool inspector = kind == "inspector" && argc == 5, ras = kind == "ras" && argc == 4;
  if (!inspector && !ras) {
    std::fprintf(stderr, "usage: %s inspector RANKS RECORDS DIRECTORY | ras RANKS DIRECTORY\n", argv[0]);
    return 2;
  }
  const int ranks = std::atoi(argv[2]);
  const fs::path directory = argv[argc - 1];
  fs::create_directories(directory);
  inspector ? WriteInspector(ranks, std::atoi(argv[3]), directory) : WriteRas(ranks, directory);
  std::printf("%d\n", ranks / 3);
  return 0;
}
