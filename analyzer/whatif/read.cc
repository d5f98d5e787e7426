#include "analyzer/whatif/read.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/importer.h"
#include "analyzer/import/kineto/kineto_trace.h"
#include "analyzer/import/operations/parquet_trace.h"
#include "analyzer/import/operations/timeline_reader.h"
#include "analyzer/import/operations/trace_meta.h"
#include "analyzer/whatif/from_store.h"
#include "analyzer/whatif/pipeline.h"

namespace rankle::whatif {
namespace {

namespace fs = std::filesystem;

// Ten million operations in the wordiest format, unpacked.
constexpr uint64_t kMostContent = uint64_t{2} << 30;

// Enough to recognise a format by.
constexpr size_t kFirstBytes = 4096;

bool IsParquet(std::string_view first_bytes) { return first_bytes.substr(0, 4) == "PAR1"; }

// Events with the fields of the study: other Chrome traces have none of them at the beginning.
bool IsTimeline(std::string_view first_bytes) {
  const size_t begin = first_bytes.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && (first_bytes[begin] == '[' || first_bytes[begin] == '{') &&
         first_bytes.find("\"ph\"") != std::string_view::npos && !import::LooksLikeKineto(first_bytes);
}

absl::Status At(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

}  // namespace

absl::StatusOr<Result> AnalyzeFile(const std::string& path, const std::optional<StepRange>& steps) {
  std::string content;
  if (absl::Status status = import::ReadFileBytes(path, kMostContent, content); !status.ok()) return status;
  import::TraceMeta meta;
  if (const std::string file = import::MetaFileOf(path); !file.empty()) {
    std::string text;
    if (import::ReadFileBytes(file, kMostContent, text).ok()) meta = import::ParseTraceMeta(text);
  }
  auto trace =
      IsParquet(content) ? import::ReadParquetTrace(content) : import::ReadTimeline(content, meta.tp);
  if (!trace.ok()) return At(path, trace.status());
  import::NoteMissingWorkers(meta, *trace);
  if (steps) {
    std::erase_if(trace->operations, [&](const TracedOperation& o) { return !steps->Has(o.step); });
    if (trace->operations.empty()) return absl::InvalidArgumentError(path + ": what-if: no such step in it");
  }
  const auto model = PipelineModel(*trace);
  if (!model.ok()) return At(path, model.status());
  return Analyze(*model);
}

absl::StatusOr<Result> AnalyzeRecords(const std::vector<std::string>& paths,
                                      const import::InputFilter& filter,
                                      const std::optional<StepRange>& steps) {
  const auto store = import::ImportPaths(paths, filter);
  if (!store.ok()) return store.status();
  const auto model = ModelFromStore(*store, steps);
  if (!model.ok()) return At(paths.front(), model.status());
  Result result = Analyze(*model);
  result.operations /= 2;  // in the model each has a piece of computing before it
  // What is wrong with the records is wrong with the figures.
  result.notes.insert(result.notes.end(), store->quality.notes.begin(), store->quality.notes.end());
  return result;
}

absl::StatusOr<Inputs> SortInputs(const std::vector<std::string>& paths) {
  if (paths.empty()) return absl::InvalidArgumentError("what-if: no path: give a directory or files");
  Inputs inputs;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      const std::string first = import::ReadFirstBytes(path, kFirstBytes);
      (IsParquet(first) || IsTimeline(first) ? inputs.traces : inputs.records).push_back(path);
      continue;
    }
    std::vector<std::string> tables, timelines;
    for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
      if (!entry.is_regular_file(error)) continue;
      const std::string first = import::ReadFirstBytes(entry.path(), kFirstBytes);
      if (IsParquet(first)) tables.push_back(entry.path());
      if (IsTimeline(first) && !absl::StrContains(entry.path().filename().string(), "ideal"))
        timelines.push_back(entry.path());
    }
    std::vector<std::string>& chosen = tables.empty() ? timelines : tables;
    std::sort(chosen.begin(), chosen.end());
    inputs.traces.insert(inputs.traces.end(), chosen.begin(), chosen.end());
    if (chosen.empty()) inputs.records.push_back(path);
  }
  return inputs;
}

}  // namespace rankle::whatif
