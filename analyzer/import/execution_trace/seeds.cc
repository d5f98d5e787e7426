// Writes the seed corpus of fuzz_execution_trace: execution_trace_seeds DIRECTORY. Small traces of every
// shape that the tests make; the first byte of each is the size of the pieces.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "analyzer/testing/execution_traces.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  using rankle::testing::ChakraTrace;
  using rankle::testing::PyTorchTrace;
  std::filesystem::create_directories(argv[1]);
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(std::filesystem::path(argv[1]) / name, std::ios::binary) << '\xff' << bytes;
  };
  const std::string groups =
      R"([{\"pg_name\": \"0\", \"ranks\": [], \"group_size\": 2}, {\"pg_id\": 7, \"ranks\": {\"0\": 1, \"1\": 0}}])";
  for (const char* version : {"1.0.1", "1.0.2-chakra.0.0.4", "1.1.0-chakra.0.0.4"})
    write(version, PyTorchTrace(version, 2,
                                {{.name = "allreduce", .elements = 64, .rank = 1},
                                 {.name = "wait", .rank = 1},
                                 {.name = "send", .elements = 8, .rank = 0},
                                 {.name = "all_gather", .elements = 8, .rank = 1, .group = "1", .size = 1}},
                                3, groups));
  write("messages",
        ChakraTrace(
            {{.id = 1, .name = "c10d::allreduce_(0)", .type = 7, .cpu = 1},
             {.id = 2, .name = "ncclDevKernel_AllReduce", .type = 7, .bytes = 9, .start = 5, .duration = 1},
             {.id = 3, .type = 5, .collective = 0, .start = 7, .duration = 2}}));
  write(
      "json",
      R"({"workload_graph": [{"Id": 1, "Name": "x", "NodeType": 7, "is_cpu_op": false, "comm_type": 0, "comm_size": 9},
{"id": 2, "type": 6, "attr": [{"name": "comm_src", "int32_val": 1}, {"name": "pg_name", "string_val": "3"}]}], "ngpus": 2})");
  return 0;
}
