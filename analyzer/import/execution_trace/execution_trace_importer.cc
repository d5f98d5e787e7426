#include "analyzer/import/execution_trace/execution_trace_importer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "analyzer/import/execution_trace/execution_trace.h"
#include "analyzer/import/execution_trace/execution_trace_job.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/rank_traces/read_traces.h"

namespace rankle::import {
namespace {

constexpr size_t kFirstBytes = 4096;

absl::StatusOr<RankTrace> ReadTrace(const std::string& path) {
  const auto form = FormOfExecutionTrace(ReadFirstBytes(path, kFirstBytes));
  if (!form) return absl::InvalidArgumentError(absl::StrCat(path, ": no execution trace"));
  ExecutionTraceReader reader(*form);
  return ReadInPieces(path, reader);
}

}  // namespace

bool ExecutionTraceImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return FormOfExecutionTrace(first_bytes).has_value();
}

absl::Status ExecutionTraceImporter::Import(const std::vector<std::string>& files,
                                            store::Store& store) const {
  auto traces = ReadAll(files, ReadTrace, store);
  return traces.ok() ? BuildExecutionStore(*std::move(traces), store) : traces.status();
}

}  // namespace rankle::import
