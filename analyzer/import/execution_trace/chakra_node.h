// A node of a Chakra execution trace, and what it tells of communication. The protobuf form and the JSON form
// hold the same nodes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/import/rank_traces/rank_trace.h"

namespace rankle::import {

struct ChakraNode {
  uint64_t id = 0;
  std::string name;
  uint64_t type = 0;                       // Chakra's NodeType
  uint64_t start_us = 0, duration_us = 0;  // 0 = not told
  bool on_cpu = false;                     // a call, beside the kernel that it launched
  int64_t collective = -1;                 // Chakra's CollectiveCommType, -1 = not told
  uint64_t bytes = 0;                      // "comm_size"
  std::string group;                       // "pg_name"
  int64_t source = -1, destination = -1;   // ranks, of a send or receive
};

// The message Node. Nothing when it is no protobuf.
std::optional<ChakraNode> ParseChakraNode(std::string_view message);

// Attributes of a node by the names that Chakra's converters write; unknown ones mean nothing.
void SetChakraAttribute(std::string_view name, int64_t number, std::string_view text, ChakraNode& node);

// Nothing of nodes that do not communicate.
std::optional<RankOperation> OperationOf(const ChakraNode& node);

// Do these bytes, the first of a file, begin a sequence of Chakra's messages: the metadata and a node?
bool LooksLikeChakra(std::string_view first_bytes);

}  // namespace rankle::import
