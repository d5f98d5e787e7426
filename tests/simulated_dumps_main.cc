// Writes the Flight Recorder dumps of one simulated job (analyzer/testing/simulated_dumps.h):
//   write_simulated_dumps host|device|completion SEED DIRECTORY
// Prints the culprit; nothing, and writes nothing, where the fault comes too late to stop anybody.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "analyzer/testing/simulated_dumps.h"

int main(int argc, char** argv) {
  using rankle::testing::SimulatedFault;
  const std::string fault = argc == 4 ? argv[1] : "";
  if (fault != "host" && fault != "device" && fault != "completion") {
    std::fprintf(stderr, "usage: %s host|device|completion SEED DIRECTORY\n", argv[0]);
    return 2;
  }
  const auto job = rankle::testing::Simulate(fault == "host"     ? SimulatedFault::kHost
                                             : fault == "device" ? SimulatedFault::kDevice
                                                                 : SimulatedFault::kCompletion,
                                             static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10)));
  if (!job.hangs) return 0;
  std::filesystem::create_directories(argv[3]);
  for (size_t rank = 0; rank < job.dumps.size(); ++rank) {
    std::ofstream(std::filesystem::path(argv[3]) / ("nccl_trace_rank_" + std::to_string(rank)),
                  std::ios::binary)
        << ToPickle(job.dumps[rank]);
  }
  std::printf("%d\n", job.culprit);
  return 0;
}
