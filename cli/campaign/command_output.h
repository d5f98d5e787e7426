// A short command of another program (sbatch, squeue, scancel): run to its end, its output in memory.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::cli {

// What it printed on standard output. Errors: NotFound when there is no such program; else Unavailable, with
// what it said on standard error last.
absl::StatusOr<std::string> CommandOutput(const std::vector<std::string>& command);

}  // namespace rankle::cli
