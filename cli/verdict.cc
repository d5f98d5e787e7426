#include "cli/verdict.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "analyzer/analyze.h"
#include "analyzer/live/judge.h"
#include "analyzer/rules/rule.h"
#include "cli/launch/clock.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/live_log.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"

namespace rankle::cli {

std::vector<std::string> VerdictClasses() { return {rules::Classes().begin(), rules::Classes().end()}; }

std::string VerdictLine(const Verdict& verdict) {
  std::string line = Cat("verdict: ", verdict.anomaly);
  if (!verdict.ranks.empty()) {
    line += Cat(", rank", verdict.ranks.size() > 1 ? "s " : " ", absl::StrJoin(verdict.ranks, " "));
  }
  if (!verdict.summary.empty()) line += Cat(": ", verdict.summary);
  return line;
}

absl::StatusOr<Report> Diagnose(const std::string& output_dir, double hang_after_s) {
  AnalyzeOptions options;
  options.hang_after_s = std::min(options.hang_after_s, hang_after_s);
  return Analyze({output_dir}, options);
}

// What the digests of the watchers say.
absl::StatusOr<Report> DiagnoseNodes(const std::string& job_dir, double hang_after_s) {
  std::vector<std::string> problems;
  AnalyzeOptions options;
  options.hang_after_s = std::min(options.hang_after_s, hang_after_s);
  absl::StatusOr<live::LiveReport> judged = live::Judge(live::ReadParts(job_dir, problems), options);
  if (!judged.ok()) return judged.status();
  return std::move(judged->report);
}

void ReportStall(const Job& job) {
  const double hang_after_s = static_cast<double>(job.hang.patience.hang_after_ns) * 1e-9;
  const absl::StatusOr<Report> report =
      job.node.empty() ? Diagnose(job.output_dir, hang_after_s) : DiagnoseNodes(job.job_dir, hang_after_s);
  if (!report.ok()) return SayError(report.status());
  const std::string line = VerdictLine(report->verdict);
  Say(line);
  AppendLiveEvent(job.output_dir, {.monotonic_ns = MonotonicNs(),
                                   .host = job.record.host,
                                   .kind = "verdict",
                                   .text = line,
                                   .ranks = report->verdict.ranks});
}

int ExitCodeWithVerdict(int exit_code, const std::string& output_dir, double hang_after_s) {
  const absl::StatusOr<Report> report = Diagnose(output_dir, hang_after_s);
  if (!report.ok()) {
    SayError(report.status());
    return kExitAnomaly;  // nobody can say that this run was healthy
  }
  Say(VerdictLine(report->verdict));
  return report->verdict.IsHealthy() ? exit_code : kExitAnomaly;
}

}  // namespace rankle::cli
