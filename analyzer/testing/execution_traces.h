// Made-up execution traces of one rank, for tests and as seeds of the fuzzer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankle::testing {

struct EtCall {
  std::string name;
  int64_t elements = 0;
  int rank = -1;  // in the group; the root or the peer where the name has one
  std::string group = "0";
  int first_rank = 0, stride = 1, size = 0;  // size 0: that of the job
};
// A trace of PyTorch in the shape of a version: 1.0.1 (groups are addresses), 1.0.2 (and a size), from 1.1.0
// on names, ranks and attributes. Calls are numbered from `first` on. `groups`: the list of groups, escaped.
std::string PyTorchTrace(const std::string& version, int world, const std::vector<EtCall>& calls,
                         int first = 1, const std::string& groups = "");

struct ChakraMessage {
  uint64_t id = 0;
  std::string name = "n";
  uint64_t type = 4;
  int collective = -1;  // -1: no attribute
  int64_t bytes = -1;
  uint64_t start = 0, duration = 0;
  int cpu = 0;
};
std::string ChakraTrace(const std::vector<ChakraMessage>& nodes);

}  // namespace rankle::testing
