// Cases of a suite from their preparation to the printed result: what `rankle suite` and `rankle bugs
// reproduce` share.
#pragma once

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "cli/suite/case_runner.h"
#include "cli/suite/score.h"

namespace rankle::cli {

// What else is written once all cases have run; an error is said and makes the exit code that of unusable
// input.
using OnResults = std::function<absl::Status(const std::vector<ScoredCase>&)>;

// Runs all cases and prints one line each. Records of good cases are removed unless `keep`. Returns the exit
// code: 0 all pass, 1 some fail, 2 a case cannot be run (then none was), 130 interrupted.
int RunSuite(const std::vector<SuiteCase>& cases, const SuiteRunOptions& options, bool keep,
             const OnResults& on_results);

}  // namespace rankle::cli
