#include "analyzer/import/execution_trace/execution_trace.h"

#include <utility>

#include "analyzer/import/execution_trace/chakra_node.h"
#include "analyzer/import/execution_trace/trace_forms.h"

namespace rankle::import {

std::optional<ExecutionTraceForm> FormOfExecutionTrace(std::string_view first_bytes) {
  const auto has = [&](std::string_view part) { return first_bytes.find(part) != std::string_view::npos; };
  const size_t begin = first_bytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nullopt;
  if (first_bytes[begin] == '{') {
    if (has("\"workload_graph\"")) return ExecutionTraceForm::kChakraJson;
    if (has("\"schema\"") && has("\"nodes\"") && (has("\"start_ts\"") || has("\"pid\"")))
      return ExecutionTraceForm::kPyTorch;
  }
  if (LooksLikeChakra(first_bytes)) return ExecutionTraceForm::kChakraMessages;
  return std::nullopt;
}

ExecutionTraceReader::ExecutionTraceReader(ExecutionTraceForm form) : form_(Form::Make(form)) {}
ExecutionTraceReader::~ExecutionTraceReader() = default;
absl::Status ExecutionTraceReader::Feed(std::string_view bytes) { return form_->Feed(bytes); }

RankTrace ExecutionTraceReader::Finish(std::string file) {
  RankTrace trace = form_->Finish();
  trace.file = std::move(file);
  return trace;
}

}  // namespace rankle::import
