// Runs cases of a suite, several at a time, each as a `rankle run` in a process and directory of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/run_options.h"
#include "cli/suite/outcome.h"
#include "cli/suite/suite.h"

namespace rankle::cli {

struct SuiteRunOptions {
  std::string output_dir;
  int jobs = 1;
  std::optional<uint64_t> seed;  // for all cases
};

// What `rankle run` is asked for by one case. Errors: an unset ${VARIABLE}, a missing command, an unsound
// fault plan.
absl::StatusOr<RunOptions> RunOptionsOf(const SuiteCase& one, const SuiteRunOptions& options,
                                        const std::string& directory, std::string_view suite_name);

// Called after each case, in order of ending.
using OnOutcome = std::function<void(size_t index, const CaseOutcome&)>;

// False when a signal ended it early; the running cases are ended then.
bool RunCases(const std::vector<SuiteCase>& cases, const std::vector<RunOptions>& runs, int jobs,
              const OnOutcome& on_outcome);

}  // namespace rankle::cli
