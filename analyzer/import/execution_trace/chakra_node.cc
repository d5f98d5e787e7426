#include "analyzer/import/execution_trace/chakra_node.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "analyzer/import/execution_trace/protobuf_fields.h"
#include "analyzer/import/kernels/kernel_name.h"

namespace rankle::import {
namespace {

// Field numbers of Chakra's schema (et_def.proto).
enum NodeField : uint8_t { kId = 1, kName = 2, kType = 3, kStart = 6, kDuration = 7, kAttribute = 10 };
enum AttributeField : uint8_t { kAttributeName = 1, kNumberFirst = 7, kNumberLast = 27, kText = 29 };
enum MetadataField : uint8_t { kVersion = 1, kMetadataAttribute = 2 };
enum NodeType : uint8_t { kSend = 5, kReceive = 6, kCollective = 7 };

// By CollectiveCommType, as PyTorch calls them.
constexpr std::string_view kCollectives[] = {"all_reduce",     "reduce",    "all_gather", "gather",
                                             "scatter",        "broadcast", "all_to_all", "reduce_scatter",
                                             "reduce_scatter", "barrier"};

void TakeAttribute(std::string_view message, ChakraNode& node) {
  std::string_view name, text;
  int64_t number = 0;
  ProtobufFields fields(message);
  while (const auto field = fields.Next()) {
    if (field->number == kAttributeName) name = field->bytes;
    if (field->number == kText) text = field->bytes;
    if (field->number >= kNumberFirst && field->number <= kNumberLast && field->bytes.empty())
      number = static_cast<int64_t>(field->value);
  }
  SetChakraAttribute(name, number, text, node);
}

// "allreduce" of "c10d::allreduce_(0)": the call of a collective, cut into pieces by the kernels it launched.
std::string_view NameOfCall(std::string_view name) {
  constexpr std::string_view kBefore = "c10d::";
  if (name.substr(0, kBefore.size()) != kBefore) return {};
  name.remove_prefix(kBefore.size());
  name = name.substr(0, name.find('('));
  while (!name.empty() && name.back() == '_') name.remove_suffix(1);
  return name;
}

bool IsText(std::string_view bytes) {
  return !bytes.empty() &&
         std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<uint8_t>(c) >= ' '; });
}

}  // namespace

void SetChakraAttribute(std::string_view name, int64_t number, std::string_view text, ChakraNode& node) {
  if (name == "is_cpu_op") node.on_cpu = number != 0;
  if (name == "comm_type") node.collective = number;
  if (name == "comm_size") node.bytes = static_cast<uint64_t>(std::max<int64_t>(number, 0));
  if (name == "comm_src") node.source = number;
  if (name == "comm_dst") node.destination = number;
  if (name == "pg_name") node.group = text;
}

std::optional<ChakraNode> ParseChakraNode(std::string_view message) {
  ChakraNode node;
  ProtobufFields fields(message);
  while (const auto field = fields.Next()) {
    switch (field->number) {
      case kId:
        node.id = field->value;
        break;
      case kName:
        node.name = field->bytes;
        break;
      case kType:
        node.type = field->value;
        break;
      case kStart:
        node.start_us = field->value;
        break;
      case kDuration:
        node.duration_us = field->value;
        break;
      case kAttribute:
        TakeAttribute(field->bytes, node);
        break;
      default:  // dependencies, inputs, outputs
        break;
    }
  }
  if (fields.damaged()) return std::nullopt;
  return node;
}

std::optional<RankOperation> OperationOf(const ChakraNode& node) {
  // Microseconds that fit into nanoseconds of 63 bits; what does not is no time.
  constexpr uint64_t kMostUs = INT64_MAX / 4000;
  if (node.type < kSend || node.type > kCollective) return std::nullopt;
  RankOperation o;
  o.group = node.group, o.group_size = node.group.empty() ? 0 : kSomeRanks;
  o.elements = node.bytes;
  if (node.start_us != 0 && node.start_us < kMostUs && node.duration_us < kMostUs) {
    o.started_ns = static_cast<int64_t>(node.start_us) * 1000;
    o.finished_ns = o.started_ns + static_cast<int64_t>(node.duration_us) * 1000;
  }
  if (node.type != kCollective) {
    const int64_t peer = node.type == kSend ? node.destination : node.source;
    o.name = node.type == kSend ? "send" : "recv";
    o.peer = peer >= 0 && peer <= INT32_MAX ? static_cast<int32_t>(peer) : -1;
    return o;
  }
  if (node.collective >= 0 && node.collective < static_cast<int64_t>(std::size(kCollectives))) {
    o.name = kCollectives[node.collective];
  } else if (const std::string_view call = NameOfCall(node.name); !call.empty()) {
    o.name = call;
  } else if (const std::string_view function = FunctionOfKernel(node.name); !function.empty()) {
    o.name = function, o.named_by_kernel = true;
  } else {
    o.name = node.name;
  }
  return o;
}

bool LooksLikeChakra(std::string_view first_bytes) {
  const std::optional<uint64_t> length = TakeVarint(first_bytes);
  if (!length || *length >= first_bytes.size()) return false;
  ProtobufFields metadata(first_bytes.substr(0, *length));
  while (const auto field = metadata.Next()) {
    if (field->number == kVersion && !field->bytes.empty() && !IsText(field->bytes)) return false;
    if (field->number != kVersion && field->number != kMetadataAttribute) return false;
  }
  if (metadata.damaged()) return false;
  first_bytes.remove_prefix(*length);
  const std::optional<uint64_t> node = TakeVarint(first_bytes);
  if (!node || *node == 0) return false;
  // The node may be longer than what is here; its name stands near its beginning.
  ProtobufFields fields(first_bytes.substr(0, *node));
  while (const auto field = fields.Next()) {
    if (field->number == kName) return IsText(field->bytes);
    if (field->number != kId || !field->bytes.empty()) return false;
  }
  return false;
}

}  // namespace rankle::import
