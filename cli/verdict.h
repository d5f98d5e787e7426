// The analyzer's verdict on the records of one run, as the launcher and suites need it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/report/report.h"
#include "cli/launch/job.h"

namespace rankle::cli {

// Analyzes the records of a run; a hang there is what the run was told to call one, if that is shorter than
// usual.
absl::StatusOr<Report> Diagnose(const std::string& output_dir, double hang_after_s);

// Every class that the built-in rules can find, sorted; no others can be expected of a run.
std::vector<std::string> VerdictClasses();

// "verdict: hang.not_entered, rank 3: rank 3 never entered ..."
std::string VerdictLine(const Verdict& verdict);

// Prints the verdict on a job that has stalled, in one line on stderr; of a job on several nodes, over all of
// them.
void ReportStall(const Job& job);

// `run --fail-on-anomaly`: 3 when the analyzer finds an anomaly, else the job's own exit code. Says the
// verdict.
int ExitCodeWithVerdict(int exit_code, const std::string& output_dir, double hang_after_s);

}  // namespace rankle::cli
