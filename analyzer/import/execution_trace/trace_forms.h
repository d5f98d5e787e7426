// The forms of execution traces behind ExecutionTraceReader; for nobody else.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "analyzer/import/execution_trace/execution_trace.h"

namespace rankle::import {

class ExecutionTraceReader::Form {
 public:
  virtual ~Form() = default;
  virtual absl::Status Feed(std::string_view bytes) = 0;
  virtual RankTrace Finish() = 0;

  static std::unique_ptr<Form> Make(ExecutionTraceForm form);
};

std::unique_ptr<ExecutionTraceReader::Form> MakePyTorchForm();
std::unique_ptr<ExecutionTraceReader::Form> MakeChakraJsonForm();
std::unique_ptr<ExecutionTraceReader::Form> MakeChakraMessagesForm();

}  // namespace rankle::import
