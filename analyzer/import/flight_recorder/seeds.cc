// Writes the seed corpus of fuzz_flight_recorder: flight_recorder_seeds DIRECTORY. Small dumps of every shape
// that the tests make.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "analyzer/testing/dump_job.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  rankle::testing::DumpJob job(2);
  const int dp = job.Group("dp", {0, 1}), pp = job.Group("PIPELINE", {1, 0});
  job.Collective(dp);
  job.Exchange(pp, 0, 1, true);
  job.Send(pp, 0, 1, {});
  job.Collective(dp, {.unfinished = {0}, .file = "train.py", .function = "step", .line = 7});
  job.Collective(dp, {.name = "nccl:all_to_all", .absent = {0}, .hangs = true, .other_size = {{1, {3, 4}}}});
  std::filesystem::create_directories(argv[1]);
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(std::filesystem::path(argv[1]) / name, std::ios::binary) << bytes;
  };
  for (int rank = 0; rank < 2; ++rank) {
    for (const bool only_unfinished : {false, true}) {
      rankle::testing::DumpJob::Form form;
      form.only_unfinished = only_unfinished;
      const std::string name = std::to_string(rank) + (only_unfinished ? "-active" : "-all");
      write("pickle-" + name, ToPickle(job.Dump(rank, form)));
      write("json-" + name, ToJson(job.Dump(rank, form)));
      form.omit = {"entries"};
      write("status-" + name, ToPickle(job.Dump(rank, form)));
      form.omit = {"pg_status", "pg_config", "input_dtypes"};
      write("old-" + name, ToPickle(job.Dump(rank, form)));
    }
  }
  return 0;
}
