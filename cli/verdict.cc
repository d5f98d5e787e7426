#include "cli/verdict.h"

#include <time.h>

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

namespace {

// The digests of other nodes are up to a second old, so that they do not show yet how long this one has
// waited, and a silent node is known to be silent after live::kStaleAfterS only.
constexpr uint64_t kDigestPatienceNs = static_cast<uint64_t>((live::kStaleAfterS + 1) * 1e9);
// All nodes notice within two samples of each other that nothing moves.
constexpr uint64_t kOthersNoticeNs = 1'000'000'000;

void Pause() {
  const timespec short_time{.tv_sec = 0, .tv_nsec = 50'000'000};
  nanosleep(&short_time, nullptr);
}

// What the digests of the watchers say, as soon as they say that something is wrong.
absl::StatusOr<Report> DiagnoseNodes(const std::string& job_dir, double hang_after_s) {
  AnalyzeOptions options;
  options.hang_after_s = std::min(options.hang_after_s, hang_after_s);
  const uint64_t deadline = MonotonicNs() + kDigestPatienceNs;
  for (;; Pause()) {
    std::vector<std::string> problems;
    absl::StatusOr<live::LiveReport> judged = live::Judge(live::ReadParts(job_dir, problems), options);
    if (!judged.ok()) return judged.status();
    if (!judged->report.verdict.IsHealthy() || MonotonicNs() > deadline) return std::move(judged->report);
  }
}

// The first node that ends its ranks makes those of the others fail: they say what they saw before that.
void LetOtherNodesNotice(const std::string& job_dir) {
  const uint64_t deadline = MonotonicNs() + kOthersNoticeNs;
  for (bool all = false; !all && MonotonicNs() < deadline; Pause()) {
    std::vector<std::string> problems;
    const std::vector<live::Part> parts = live::ReadParts(job_dir, problems);
    all = std::all_of(parts.begin(), parts.end(), [](const live::Part& part) {
      return part.stale || part.HasEnded() || (part.run && part.run->StandsStill());
    });
  }
}

}  // namespace

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
  if (!job.node.empty() && job.hang.action == HangPolicy::Action::kKill) LetOtherNodesNotice(job.job_dir);
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
