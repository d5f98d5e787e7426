#include "analyzer/import/execution_trace/recorded_call.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/import/torch_names.h"

namespace rankle::import {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Calls that are recorded in the same way and enqueue nothing.
constexpr std::string_view kNoOperation[] = {"wait", "init", "startCoalescing", "endCoalescing"};
// In these the place of the rank holds the root or the peer.
constexpr std::string_view kTellsOtherRank[] = {"broadcast", "_broadcast_oop", "reduce", "_reduce_oop",
                                                "gather",    "scatter",        "send",   "recv"};
// A tensor is [id, storage, offset, elements, bytes of an element, device].
constexpr size_t kTensorFields = 6, kElementsField = 3;
// Lists of tensors in lists of tensors (all_gather's outputs) are the deepest there is.
constexpr int kDeepest = 4;

template <size_t N>
bool IsAmong(std::string_view name, const std::string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

int64_t IntegerOr(const element& value, int64_t otherwise) {
  int64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS) return number;
  uint64_t large = 0;
  return value.get(large) == simdjson::SUCCESS ? static_cast<int64_t>(large) : otherwise;
}
int32_t RankOr(int64_t value) { return value >= 0 && value < kMostRanks ? static_cast<int32_t>(value) : -1; }

uint64_t ElementsIn(const element& value, int depth) {
  array list;
  if (depth > kDeepest || value.get(list) != simdjson::SUCCESS) return 0;
  std::string_view device;
  if (list.size() == kTensorFields && list.at(kTensorFields - 1).get(device) == simdjson::SUCCESS) {
    element count;
    if (list.at(kElementsField).get(count) != simdjson::SUCCESS) return 0;
    return static_cast<uint64_t>(std::max<int64_t>(IntegerOr(count, 0), 0));
  }
  uint64_t elements = 0;
  for (const element item : list) elements += ElementsIn(item, depth + 1);
  return elements;
}

// PyTorch's name of a type in C++, as in "GenericList[Tensor(long int)]".
std::string DataTypeIn(std::string_view type) {
  constexpr std::string_view kBefore = "Tensor(";
  const size_t at = type.find(kBefore);
  if (at == std::string_view::npos) return {};
  type.remove_prefix(at + kBefore.size());
  type = type.substr(0, type.find(')'));
  constexpr struct {
    std::string_view cpp, torch;
  } kTypes[] = {{"float", "Float"},
                {"double", "Double"},
                {"long int", "Long"},
                {"long", "Long"},
                {"int", "Int"},
                {"c10::Half", "Half"},
                {"c10::BFloat16", "BFloat16"},
                {"unsigned char", "Byte"},
                {"signed char", "Char"},
                {"bool", "Bool"},
                {"c10::Float8_e4m3fn", "Float8_e4m3fn"},
                {"c10::Float8_e5m2", "Float8_e5m2"}};
  for (const auto& known : kTypes) {
    if (known.cpp == type) return std::string(known.torch);
  }
  return std::string(type);
}

// The lists of a node: of 1.0.1 "inputs" and "input_types", later {"values": .., "types": ..} in "inputs".
struct Inputs {
  array values, types;
  bool has_types = false;
};
bool FindInputs(const object& node, Inputs& inputs) {
  object nested;
  if (node["inputs"].get(nested) == simdjson::SUCCESS) {
    inputs.has_types = nested["types"].get(inputs.types) == simdjson::SUCCESS;
    return nested["values"].get(inputs.values) == simdjson::SUCCESS;
  }
  inputs.has_types = node["input_types"].get(inputs.types) == simdjson::SUCCESS;
  return node["inputs"].get(inputs.values) == simdjson::SUCCESS;
}

// [seq, pg, rank, name, ...] wherever it begins.
bool TakeInputs(const Inputs& inputs, RecordedCall& call) {
  std::vector<element> values;
  for (const element value : inputs.values) {
    values.push_back(value);
    if (values.size() > 64) break;  // no version has more than a dozen
  }
  size_t at = 3;
  std::string_view name;
  while (at < values.size() && values[at].get(name) != simdjson::SUCCESS) ++at;
  if (at >= values.size() || at > 4) return false;
  RankOperation& o = call.operation;
  o.name = name;
  array parts;
  if (values[at - 3].get(parts) == simdjson::SUCCESS) {  // [number, is it point-to-point]
    element number;
    o.sequence = parts.at(0).get(number) == simdjson::SUCCESS ? IntegerOr(number, -1) : -1;
  } else {
    o.sequence = IntegerOr(values[at - 3], -1);
  }
  if (values[at - 2].get(parts) == simdjson::SUCCESS) {
    std::string_view text;
    if (parts.at(0).get(text) == simdjson::SUCCESS) o.group = text, call.names_group = true;
    if (parts.at(1).get(text) == simdjson::SUCCESS) o.group_title = text;
  } else {
    o.group = absl::StrCat(IntegerOr(values[at - 2], 0));
  }
  const int32_t rank = RankOr(IntegerOr(values[at - 1], -1));
  if (name == "send" || name == "recv") {
    call.peer_in_group = rank;
  } else if (!IsAmong(name, kTellsOtherRank)) {
    call.rank_in_group = rank;
  }
  if (at == 4) {
    o.elements = ElementsIn(values[0], 0);
    element type;
    std::string_view text;
    if (inputs.has_types && inputs.types.at(0).get(type) == simdjson::SUCCESS &&
        type.get(text) == simdjson::SUCCESS)
      o.dtype = DataTypeIn(text);
  }
  const size_t after_splits = at + 3;
  if (values.size() >= after_splits + 3) {
    call.first_rank = RankOr(IntegerOr(values[after_splits], -1));
    call.rank_stride = RankOr(IntegerOr(values[after_splits + 1], -1));
    o.group_size = std::max(0, RankOr(IntegerOr(values[after_splits + 2], 0)));
  } else if (values.size() == after_splits + 1) {
    o.group_size = std::max(0, RankOr(IntegerOr(values[after_splits], 0)));
  }
  return true;
}

void TakeAttributes(const object& node, RecordedCall& call) {
  array attributes;
  if (node["attrs"].get(attributes) != simdjson::SUCCESS) return;
  RankOperation& o = call.operation;
  for (const element item : attributes) {
    object attribute;
    std::string_view name, text;
    element value;
    if (item.get(attribute) != simdjson::SUCCESS || attribute["name"].get(name) != simdjson::SUCCESS ||
        attribute["value"].get(value) != simdjson::SUCCESS)
      continue;
    if (value.get(text) == simdjson::SUCCESS) {
      if (name == "collective_name" && !text.empty()) o.name = text;
      if (name == "dtype") o.dtype = text;
      if (name == "pg_name" && !text.empty()) o.group = text, call.names_group = true;
      if (name == "pg_desc") o.group_title = text;
      continue;
    }
    const int64_t number = IntegerOr(value, -1);
    if (name == "in_msg_nelems" && number >= 0) o.elements = static_cast<uint64_t>(number);
    if (name == "pg_size" && RankOr(number) > 0) o.group_size = RankOr(number);
    if (name == "global_rank_start") call.first_rank = RankOr(number);
    if (name == "global_rank_stride") call.rank_stride = RankOr(number);
  }
}

}  // namespace

std::optional<RecordedCall> ParseRecordedCall(const object& node) {
  RecordedCall call;
  Inputs inputs;
  if (!FindInputs(node, inputs) || !TakeInputs(inputs, call)) return std::nullopt;
  TakeAttributes(node, call);
  if (IsAmong(call.operation.name, kNoOperation)) return std::nullopt;
  element id;
  if (node["id"].get(id) == simdjson::SUCCESS) call.node = static_cast<uint64_t>(IntegerOr(id, 0));
  return call;
}

}  // namespace rankle::import
