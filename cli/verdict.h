// The analyzer's verdict on the records of one run, as the launcher needs it.
#pragma once

#include <string>

namespace rankle::cli {

// Prints the verdict on a job that has stalled, in one or two lines on stderr.
void ReportStall(const std::string& output_dir);

// `run --fail-on-anomaly`: 3 when the analyzer finds an anomaly, else the job's own exit code. Says the
// verdict.
int ExitCodeWithVerdict(int exit_code, const std::string& output_dir);

}  // namespace rankle::cli
