// Summaries of functions that pass between units: as JSON within a run, as a SQLite file between runs.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "detectors/checks/summary.h"

namespace rankle::lint {

using SummariesByUsr = std::map<std::string, FunctionSummary>;

// One line; equal summaries have equal texts.
std::string SummaryText(const FunctionSummary& summary);
FunctionSummary SummaryOf(const std::string& text);  // an empty one for text that is none

// Table lint_summaries: function (USR), summary. A file that is not there holds none.
absl::StatusOr<SummariesByUsr> ReadSummaries(const std::string& path);
// Replaces the table; other tables stay.
absl::Status WriteSummaries(const SummariesByUsr& summaries, const std::string& path);

}  // namespace rankle::lint
