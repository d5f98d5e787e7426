#include "analyzer/import/nsys/nvtx_payload.h"

#include <algorithm>

namespace rankle::import {
namespace {

constexpr size_t kHeaderBytes = 32;
// Payloads of NCCL have some dozen bytes.
constexpr int64_t kMostOffset = 1 << 16;

// Bytes of NVTX's predefined types, 0 = not a whole number. C's types are those of 64-bit Linux.
uint32_t BytesOfType(int64_t type) {
  constexpr uint8_t kBytes[] = {0, 1, 1, 2, 2, 4, 4, 8, 8, 8, 8, 1, 1, 2, 2, 4, 4, 8, 8, 0, 0, 0, 8, 8};
  return type >= 0 && type < static_cast<int64_t>(sizeof(kBytes)) ? kBytes[type] : 0;
}

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

PayloadSchemas::Field PayloadSchemas::FieldOf(std::string_view name) {
  constexpr struct {
    std::string_view name;
    Field field;
  } kFields[] = {{"NCCL communicator ID", Field::kCommunicator},
                 {"Message size [bytes]", Field::kBytes},
                 {"Peer rank", Field::kPeer},
                 {"No. of ranks", Field::kRanks},
                 {"Rank", Field::kRank},
                 {"CUDA device", Field::kDevice}};
  for (const auto& known : kFields) {
    if (known.name == name) return known.field;
  }
  return Field::kOther;
}

void PayloadSchemas::Add(uint64_t domain, uint64_t schema, int64_t index, int64_t type, std::string_view name,
                         int64_t offset) {
  Schema& s = schemas_[{domain, schema}];
  if (!s.indices.insert(index).second) return;
  Entry entry{FieldOf(name), 0, BytesOfType(type)};
  if (offset > kMostOffset) return;
  if (offset >= 0) {
    entry.offset = static_cast<uint64_t>(offset);
  } else if (entry.size > 0) {
    entry.offset = (s.end + entry.size - 1) / entry.size * entry.size;
  }
  s.end = std::max(s.end, entry.offset + entry.size);
  if (entry.field != Field::kOther && entry.size > 0) s.entries.push_back(entry);
}

NcclPayload PayloadSchemas::Decode(std::string_view data) const {
  NcclPayload payload;
  if (data.size() < kHeaderBytes) return payload;
  const auto it = schemas_.find({LittleEndian(data.substr(0, 8)), LittleEndian(data.substr(8, 8))});
  if (it == schemas_.end()) return payload;
  const std::string_view body = data.substr(kHeaderBytes);
  for (const Entry& entry : it->second.entries) {
    if (entry.offset + entry.size > body.size()) continue;
    const uint64_t value = LittleEndian(body.substr(entry.offset, entry.size));
    // Ranks and sizes of 63 bits: what is larger is damage.
    const int64_t number = value > INT64_MAX ? -1 : static_cast<int64_t>(value);
    switch (entry.field) {
      case Field::kCommunicator:
        payload.communicator = value;
        break;
      case Field::kBytes:
        payload.bytes = number;
        break;
      case Field::kPeer:
        payload.peer = number;
        break;
      case Field::kRanks:
        payload.ranks = number;
        break;
      case Field::kRank:
        payload.rank = number;
        break;
      case Field::kDevice:
        payload.device = number;
        break;
      case Field::kOther:
        break;
    }
  }
  return payload;
}

}  // namespace rankle::import
