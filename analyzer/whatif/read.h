// From a file to a result: recognises the format by content, reads what lies beside it, analyzes.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/whatif/analysis.h"

namespace rankle::whatif {

// A Parquet operation trace or a Chrome timeline, plain or gzip. Errors begin with the path.
absl::StatusOr<Result> AnalyzeFile(const std::string& path);

// The operation traces among paths: files as they are given; of a directory (one level) its Parquet traces,
// and where it has none its timelines. An error when there is none.
absl::StatusOr<std::vector<std::string>> FindOperationTraces(const std::vector<std::string>& paths);

}  // namespace rankle::whatif
