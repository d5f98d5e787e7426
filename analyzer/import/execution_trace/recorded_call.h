// What a node "record_param_comms" of a PyTorch execution trace tells: one call of a process group. Its
// inputs have no names; their order is, in all versions so far,
//   [tensors,] number, group, rank, name, input split, output split [, [first rank, stride,] size]
// where number is an integer or [integer, is it point-to-point], and group an address, or [name,
// description]. Newer versions repeat most of it as named attributes, which are preferred.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>

#include "analyzer/import/rank_traces/rank_trace.h"

namespace rankle::import {

struct RecordedCall {
  uint64_t node = 0;         // its number in the trace: nodes are numbered as they begin
  RankOperation operation;   // group: name, or address as text; group_size 0 = not told
  bool names_group = false;  // else an address, which means nothing outside of the process
  // The rank of the process in the group; -1 = not told: in sends, receives and operations with a root this
  // place holds the other rank.
  int32_t rank_in_group = -1;
  int32_t peer_in_group = -1;                 // of a send or receive
  int32_t first_rank = -1, rank_stride = -1;  // the group is first, first + stride, ...; -1 = not told
};

// Nothing when the node records no operation (a wait, the creation of a group), or is not understood.
std::optional<RecordedCall> ParseRecordedCall(const simdjson::dom::object& node);

}  // namespace rankle::import
