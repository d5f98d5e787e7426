// Writes the Flight Recorder dumps of a hybrid-parallel job of any size that hangs:
//   synthetic_dumps RANKS ENTRIES DIRECTORY [json]
// Tensor groups of 8, data-parallel groups over the rest; the last operation but one lacks rank RANKS / 3.
// Prints the culprit.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "analyzer/testing/dump_writer.h"

namespace {

constexpr int kTensor = 8;

// The same job for each rank, seen by this one alone: all dumps at once would need gigabytes.
std::string DumpOf(int self, int ranks, int entries, int culprit, bool json) {
  rankle::testing::DumpContent dump;
  std::vector<int> world, tensor, data;
  for (int r = 0; r < ranks; ++r) {
    world.push_back(r);
    if (r / kTensor == self / kTensor) tensor.push_back(r);
    if (r % kTensor == self % kTensor) data.push_back(r);
  }
  const std::string tensor_name = std::to_string(1 + self / kTensor);
  const std::string data_name = std::to_string(1 + ranks / kTensor + self % kTensor);
  dump.groups = {{"0", "default_pg", world}, {tensor_name, "TENSOR", tensor}, {data_name, "DATA", data}};
  int64_t tensor_done = 0, data_done = 0;
  for (int i = 0; i < entries; ++i) {
    const bool last = i == entries - 1, is_data = i % 10 == 9 || last;
    if (last && self == culprit) break;
    rankle::testing::DumpedEntry e;
    e.record = 5000 + i, e.pg_id = is_data ? 2 : 1, e.op = i;
    e.group =
        is_data ? std::pair(data_name, std::string("DATA")) : std::pair(tensor_name, std::string("TENSOR"));
    e.collective_seq = is_data ? ++data_done : ++tensor_done;
    e.name = is_data ? "nccl:all_reduce" : "nccl:_all_gather_base";
    e.size = {4096, 1, 5120}, e.dtype = "BFloat16";
    e.created = 1'700'000'000'000'000'000 + i * int64_t{1'000'000} + self;
    // Those that do not share a group with the culprit wait for those that do, in the next step.
    if (!last)
      e.state = "completed", e.started = e.created + 1000, e.completed = e.created + 500'000,
      e.retired = true;
    if (last && self % kTensor != culprit % kTensor) {
      e.state = "completed", e.started = e.created + 1000, e.completed = e.created + 500'000;
    }
    dump.entries.push_back(e);
  }
  const bool waits = self % kTensor == culprit % kTensor && self != culprit;
  dump.statuses = {{0, -1, -1, -1},
                   {1, tensor_done, -1, tensor_done},
                   {2, data_done, -1, waits ? data_done - 1 : data_done}};
  return json ? ToJson(dump) : ToPickle(dump);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s RANKS ENTRIES DIRECTORY [json]\n", argv[0]);
    return 2;
  }
  const int ranks = std::atoi(argv[1]), entries = std::atoi(argv[2]), culprit = ranks / 3;
  std::filesystem::create_directories(argv[3]);
  for (int rank = 0; rank < ranks; ++rank) {
    std::ofstream file(std::string(argv[3]) + "/nccl_trace_rank_" + std::to_string(rank), std::ios::binary);
    file << DumpOf(rank, ranks, entries, culprit, argc > 4);
    if (!file.good()) return 1;
  }
  std::printf("%d\n", culprit);
  return 0;
}
