// NVTX payloads of NCCL: what a range "ncclAllReduce" says of its call. The layout of a payload is data of
// the profile itself (tables NVTX_PAYLOAD_SCHEMA_ENTRIES), its fields are found by the names that NCCL gives
// them (src/include/nvtx_payload_schemas.h there). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace rankle::import {

// -1 = not told.
struct NcclPayload {
  std::optional<uint64_t> communicator;        // the same number on all ranks
  int64_t bytes = -1;                          // that one rank sends
  int64_t peer = -1;                           // rank in the communicator
  int64_t ranks = -1, rank = -1, device = -1;  // of the creation of a communicator
};

class PayloadSchemas {
 public:
  // A row of NVTX_PAYLOAD_SCHEMA_ENTRIES; every process of a profile repeats them. `type`:
  // NVTX_PAYLOAD_ENTRY_TYPE_*. `offset` < 0 (not told): behind the entry before, aligned to its own size.
  void Add(uint64_t domain, uint64_t schema, int64_t index, int64_t type, std::string_view name,
           int64_t offset);
  // The column binaryData of NVTX_EVENTS: a header of four 64-bit numbers (domain, schema, size of the
  // payload, its offset or end), then the payload. What is cut short or of no known schema tells nothing.
  NcclPayload Decode(std::string_view data) const;

 private:
  enum class Field : uint8_t { kOther, kCommunicator, kBytes, kPeer, kRanks, kRank, kDevice };
  struct Entry {
    Field field = Field::kOther;
    uint64_t offset = 0;
    uint32_t size = 0;
  };
  struct Schema {
    std::set<int64_t> indices;
    std::vector<Entry> entries;  // those that tell something
    uint64_t end = 0;            // of the last entry
  };
  static Field FieldOf(std::string_view name);

  std::map<std::pair<uint64_t, uint64_t>, Schema> schemas_;  // by domain and schema
};

}  // namespace rankle::import
