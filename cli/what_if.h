// `rankle analyze --what-if`: how fast the job would be if a part of it were as fast as its peers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/import/inputs.h"
#include "analyzer/whatif/model.h"

namespace rankle::cli {

// "3:17": steps, both ends included; either may be left out.
absl::StatusOr<whatif::StepRange> ParseStepRange(const std::string& text);

// Prints a report for each operation trace in `paths`, and one for all other records, as text or as one JSON
// object a line. Returns the exit code.
int WhatIf(const std::vector<std::string>& paths, const import::InputFilter& filter,
           const std::optional<whatif::StepRange>& steps, bool json);

}  // namespace rankle::cli
