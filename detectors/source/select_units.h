// Which units are read, and which files are the user's: from the flags that every task has.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "detectors/source/options.h"
#include "detectors/tooling/command_line.h"
#include "detectors/tooling/compile_commands.h"
#include "detectors/tooling/file_filter.h"

namespace rankle::source {

struct Selection {
  std::vector<tooling::Unit> units;  // not empty
  tooling::FileFilter filter;
  tooling::ParserFiles parser;
};

// Error: no units to parse, or clang's own headers are gone.
absl::StatusOr<Selection> SelectUnits(const Options& options);

}  // namespace rankle::source
