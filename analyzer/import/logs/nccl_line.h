// Lines that NCCL and RCCL write with NCCL_DEBUG=INFO: "host:pid:tid [device] NCCL INFO message". Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace rankle::import {

enum class NcclLineKind : uint8_t {
  kOther,
  kCollective,    // of subsystem COLL: an operation is launched
  kInitStarted,   // a communicator is being made
  kInitComplete,  // and is ready
  kDestroyed,
  kAborted,
  kWarning,
};

struct NcclLine {
  NcclLineKind kind = NcclLineKind::kOther;
  std::string_view prefix;  // what stands before the host: tags of launchers, times
  std::string_view host, message;
  int32_t pid = -1, device = -1;
  // Of all kinds but kOther and kWarning. 0 and -1 = not told.
  uint64_t communicator = 0;  // a pointer: means something within its process only
  int32_t rank = -1, ranks = -1;
  // kCollective
  std::string_view operation;  // "AllReduce"
  uint64_t op_count = 0, count = 0;
  int32_t datatype = -1, redop = -1, root = -1;
  int32_t global_rank = -1;  // RCCL
  // kInitStarted, kInitComplete
  uint64_t communicator_id = 0, parent = 0, bus = 0;
  int64_t color = -1, child = -1;
};

// Where " NCCL " stands in the line, npos = nowhere. Fast: it decides for every line of a large log.
size_t FindNcclMark(std::string_view line);
// False: no line of NCCL, although it has the mark. The texts point into `line`.
bool ParseNcclLine(std::string_view line, size_t mark, NcclLine& parsed);

}  // namespace rankle::import
