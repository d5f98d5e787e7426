// From files to a result: recognises formats by content, reads what lies beside them, analyzes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/import/inputs.h"
#include "analyzer/whatif/analysis.h"

namespace rankle::whatif {

// A Parquet operation trace or a Chrome timeline, plain or gzip. Errors begin with the path.
absl::StatusOr<Result> AnalyzeFile(const std::string& path, const std::optional<StepRange>& steps = {});

// The records of one job, in any format whose operations have times: flight records, profiles.
absl::StatusOr<Result> AnalyzeRecords(const std::vector<std::string>& paths,
                                      const import::InputFilter& filter = {},
                                      const std::optional<StepRange>& steps = {});

struct Inputs {
  std::vector<std::string> traces;   // operation traces, each of a job of its own
  std::vector<std::string> records;  // files and directories of everything else, all of one job
};

// Of a directory (one level) its Parquet traces, where it has none its timelines, and where it has neither
// the directory as records. An error when there is nothing.
absl::StatusOr<Inputs> SortInputs(const std::vector<std::string>& paths);

}  // namespace rankle::whatif
