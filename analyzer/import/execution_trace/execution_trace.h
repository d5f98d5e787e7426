// Reads one execution trace: what one rank called, in order. Forms: PyTorch's JSON (1.0.1 to 1.1.0-chakra),
// Chakra's JSON, and Chakra's protobuf messages. Only nodes that communicate are kept.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "analyzer/import/rank_traces/rank_trace.h"

namespace rankle::import {

enum class ExecutionTraceForm : uint8_t { kPyTorch, kChakraJson, kChakraMessages };

// By the first bytes of a file (4 KiB are enough); nothing when it is no execution trace.
std::optional<ExecutionTraceForm> FormOfExecutionTrace(std::string_view first_bytes);

// Takes the file piece by piece. The memory it needs is that of what it keeps and of the longest node.
class ExecutionTraceReader {
 public:
  explicit ExecutionTraceReader(ExecutionTraceForm form);
  ~ExecutionTraceReader();
  ExecutionTraceReader(const ExecutionTraceReader&) = delete;
  ExecutionTraceReader& operator=(const ExecutionTraceReader&) = delete;

  // Error: no trace. Nothing may be fed after one.
  absl::Status Feed(std::string_view bytes);
  // The file has ended.
  RankTrace Finish(std::string file);

  class Form;  // what differs between the forms

 private:
  std::unique_ptr<Form> form_;
};

}  // namespace rankle::import
