// Runs cases of a suite, several at a time, each as a `rankle run` in a process and directory of its own.
#pragma once

#include <signal.h>
#include <sys/types.h>

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

class CaseRunner {
 public:
  // Called after each case, in order of ending.
  using OnOutcome = std::function<void(size_t index, const CaseOutcome&)>;
  CaseRunner(const std::vector<SuiteCase>& cases, std::vector<RunOptions> runs, int jobs,
             OnOutcome on_outcome);
  ~CaseRunner();
  // False when a signal ended it early; the running cases are ended then.
  bool RunAll();

 private:
  struct Running {
    pid_t pid = 0;
    size_t index = 0;
    uint64_t started_ns = 0;
    uint64_t deadline_ns = 0;
    bool timed_out = false;
  };
  void Start(size_t index);
  void WaitForEvents();
  void ReapEnded();
  void EndLate();
  void EndAll();
  void Finish(const Running& running, int exit_code);

  const std::vector<SuiteCase>& cases_;
  std::vector<RunOptions> runs_;
  size_t jobs_;
  OnOutcome on_outcome_;
  std::vector<Running> running_;
  sigset_t watched_, original_mask_;
  bool interrupted_ = false;
};

}  // namespace rankle::cli
