// Writes Flight Recorder dumps for tests, as PyTorch does: pickle protocol 2 with a memo, or JSON.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rankle::testing {

struct DumpedEntry {
  int64_t record = 0, pg_id = 0, collective_seq = 0, p2p_seq = 0, op = 0;
  std::pair<std::string, std::string> group;  // name, description
  std::string name = "nccl:all_reduce", state = "scheduled";
  std::vector<int64_t> size = {1024};
  std::string dtype = "Float";
  int64_t created = 0, started = 0, completed = 0;  // ns; 0 = not there
  bool retired = false, p2p = false;
  std::string file, function;  // of the one frame that is not PyTorch's; "" = no frames
  int line = 0;
};

struct DumpedGroup {
  std::string name, description;
  std::vector<int> ranks;
};

struct DumpedStatus {
  int64_t pg_id = 0, enqueued = -1, started = -1, completed = -1;
};

struct DumpContent {
  std::string version = "2.9";
  std::vector<DumpedGroup> groups;
  std::vector<DumpedStatus> statuses;
  std::vector<DumpedEntry> entries;
  std::vector<std::string> omit;  // keys to leave out, at any level
};

std::string ToPickle(const DumpContent& dump);
std::string ToJson(const DumpContent& dump);
std::string Gzip(const std::string& bytes);

}  // namespace rankle::testing
