// What a case of a suite came to, and whether that is what was expected. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/report/report.h"
#include "cli/launch/fault_files.h"
#include "cli/suite/suite.h"

namespace rankle::cli {

struct CaseOutcome {
  bool started = false;
  bool timed_out = false;
  int exit_code = 0;
  uint64_t duration_ns = 0;
  std::optional<Verdict> verdict;
  std::string verdict_error;       // why there is no verdict
  std::vector<std::string> chain;  // edges of its causal chain, as explain::EdgesOf orders them
  // From the first injection to a verdict: until the stall was noticed or the job had ended, and the
  // analysis. 0 when nothing was injected.
  uint64_t time_to_verdict_ns = 0;
  std::vector<FaultOutcome> faults;
  std::string log;
  std::string directory;
};

// Empty when the case passed, else one reason a line.
std::vector<std::string> Failures(const SuiteCase& expected, const CaseOutcome& outcome);

struct ScoredCase {
  const SuiteCase* expected = nullptr;
  const CaseOutcome* outcome = nullptr;
};
// A test case's class is the suite file.
std::string SuiteJunit(const std::vector<ScoredCase>& cases);

}  // namespace rankle::cli
