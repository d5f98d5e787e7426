// Chakra's two forms: messages of protobuf, each with its length before it, and a JSON object with the list
// "workload_graph". Names of keys vary in the JSON form, and whoever wrote public ones replaced letters in
// names too ("voId"), so nothing is read out of names that attributes tell.
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/import/execution_trace/chakra_node.h"
#include "analyzer/import/execution_trace/protobuf_fields.h"
#include "analyzer/import/execution_trace/trace_forms.h"
#include "analyzer/import/json_objects/trace_scanner.h"

namespace rankle::import {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// The operations of a trace, from its nodes.
class ChakraOperations {
 public:
  void Take(const ChakraNode& node) {
    std::optional<RankOperation> operation = OperationOf(node);
    if (operation) taken_.push_back({node.id, node.on_cpu, *std::move(operation)});
  }

  std::vector<RankOperation> Finish() {
    // A call and the kernel that it launched are both nodes: the kernels count, where there are any.
    const bool has_kernels =
        std::any_of(taken_.begin(), taken_.end(), [](const Taken& t) { return !t.on_cpu; });
    if (has_kernels) std::erase_if(taken_, [](const Taken& t) { return t.on_cpu; });
    const bool timed = std::all_of(taken_.begin(), taken_.end(),
                                   [](const Taken& t) { return t.operation.started_ns != kNotTold; });
    std::stable_sort(taken_.begin(), taken_.end(), [&](const Taken& a, const Taken& b) {
      return timed ? a.operation.started_ns < b.operation.started_ns : a.id < b.id;
    });
    std::vector<RankOperation> operations;
    for (Taken& t : taken_) {
      if (!timed) t.operation.started_ns = t.operation.finished_ns = kNotTold;  // some times order nothing
      operations.push_back(std::move(t.operation));
    }
    return operations;
  }

 private:
  struct Taken {
    uint64_t id = 0;
    bool on_cpu = false;
    RankOperation operation;
  };
  std::vector<Taken> taken_;
};

class ChakraMessages : public ExecutionTraceReader::Form {
 public:
  absl::Status Feed(std::string_view bytes) override {
    if (!kept_.empty()) {
      kept_.append(bytes);
      bytes = kept_;
    }
    std::string_view rest = bytes;
    while (true) {
      std::string_view message = rest;
      const std::optional<uint64_t> length = TakeVarint(message);
      if (!length && message.size() >= 10) return Error("no length of a message", bytes, rest);
      if (length && *length > TraceScanner::kMaxValueBytes)
        return Error("a message of more than 64 MiB", bytes, rest);
      if (!length || *length > message.size()) break;
      TakeMessage(message.substr(0, *length));
      rest = message.substr(*length);
    }
    offset_ += bytes.size() - rest.size();
    kept_ = std::string(rest);
    return absl::OkStatus();
  }

  RankTrace Finish() override {
    trace_.cut = !kept_.empty();
    trace_.operations = operations_.Finish();
    return std::move(trace_);
  }

 private:
  absl::Status Error(const char* what, std::string_view bytes, std::string_view rest) const {
    return absl::InvalidArgumentError(
        absl::StrCat("byte ", offset_ + bytes.size() - rest.size(), ": ", what, ": no Chakra trace"));
  }

  void TakeMessage(std::string_view message) {
    if (!has_metadata_) {  // version and attributes of the recorder: nothing that is needed
      has_metadata_ = true;
      return;
    }
    ++trace_.events;
    const std::optional<ChakraNode> node = ParseChakraNode(message);
    if (node) {
      operations_.Take(*node);
    } else {
      ++trace_.malformed;
    }
  }

  ChakraOperations operations_;
  RankTrace trace_;
  std::string kept_;     // of a message whose end has not come yet
  uint64_t offset_ = 0;  // of kept_ in the file
  bool has_metadata_ = false;
};

class ChakraJson : public ExecutionTraceReader::Form {
 public:
  ChakraJson()
      : scanner_({[this](std::string_view node) { TakeNode(node); }, {}}, {"workload_graph", "nodes"}) {}
  absl::Status Feed(std::string_view bytes) override { return scanner_.Feed(bytes); }

  RankTrace Finish() override {
    trace_.cut = !scanner_.Finish().ok();
    trace_.events = scanner_.events();
    trace_.operations = operations_.Finish();
    return std::move(trace_);
  }

 private:
  static int64_t Integer(const object& o, std::initializer_list<const char*> keys, int64_t otherwise) {
    for (const char* key : keys) {
      int64_t value = 0;
      bool truth = false;
      if (o[key].get(value) == simdjson::SUCCESS) return value;
      if (o[key].get(truth) == simdjson::SUCCESS) return truth ? 1 : 0;
    }
    return otherwise;
  }

  void TakeNode(std::string_view text) {
    element root;
    object json;
    if (parser_.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS ||
        root.get(json) != simdjson::SUCCESS) {
      ++trace_.malformed;
      return;
    }
    ChakraNode node;
    node.id = static_cast<uint64_t>(Integer(json, {"Id", "id"}, 0));
    node.type = static_cast<uint64_t>(Integer(json, {"NodeType", "node_type", "type"}, 0));
    node.start_us = static_cast<uint64_t>(std::max<int64_t>(Integer(json, {"start_time_micros"}, 0), 0));
    node.duration_us =
        static_cast<uint64_t>(std::max<int64_t>(Integer(json, {"duration_micros", "runtime"}, 0), 0));
    std::string_view name;
    if (json["Name"].get(name) == simdjson::SUCCESS || json["name"].get(name) == simdjson::SUCCESS)
      node.name = name;
    for (const auto& [key, value] : json) TakeAttribute(key, value, node);
    for (const char* list : {"attr", "attrs"}) TakeAttributes(json, list, node);
    operations_.Take(node);
  }

  static void TakeAttribute(std::string_view name, const element& value, ChakraNode& node) {
    int64_t number = 0;
    bool truth = false;
    std::string_view text;
    if (value.get(truth) == simdjson::SUCCESS) {
      number = truth ? 1 : 0;
    } else if (value.get(number) != simdjson::SUCCESS && value.get(text) != simdjson::SUCCESS) {
      return;
    }
    SetChakraAttribute(name, number, text, node);
  }

  // [{"name": "comm_type", "int64_val": 0}]: the value is what is not the name.
  static void TakeAttributes(const object& json, const char* list, ChakraNode& node) {
    array attributes;
    if (json[list].get(attributes) != simdjson::SUCCESS) return;
    for (const element item : attributes) {
      object attribute;
      std::string_view name;
      if (item.get(attribute) != simdjson::SUCCESS || attribute["name"].get(name) != simdjson::SUCCESS)
        continue;
      for (const auto& [key, value] : attribute) {
        if (key != "name" && key != "type" && key != "doc_string") TakeAttribute(name, value, node);
      }
    }
  }

  TraceScanner scanner_;
  simdjson::dom::parser parser_;
  ChakraOperations operations_;
  RankTrace trace_;
};

}  // namespace

std::unique_ptr<ExecutionTraceReader::Form> MakeChakraJsonForm() { return std::make_unique<ChakraJson>(); }
std::unique_ptr<ExecutionTraceReader::Form> MakeChakraMessagesForm() {
  return std::make_unique<ChakraMessages>();
}

}  // namespace rankle::import
