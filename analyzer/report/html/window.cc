#include "analyzer/report/html/window.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/match.h"
#include "analyzer/localize/median.h"

namespace rankle::html {
namespace {

// Iterations shown before and after the mark. Before it: enough to see what is normal. A wait is shown for
// about as long as what was normal, however long it lasted: it looks the same all the time.
constexpr double kBefore = 5, kAfter = 5;
// Iterations of which the usual length is taken, on each side of the mark.
constexpr size_t kNear = 20;
// Without iterations (a job that hangs while it starts): this share of the job is one.
constexpr double kShareOfJob = 0.05;
// Nothing that happens between ranks is shorter.
constexpr double kShortestWindow = 1e-5;

// Usual length of an iteration near `at`; 0 = there are none.
double UsualLength(const std::vector<localize::IterationSeries>& series, double at) {
  if (series.empty()) return 0;
  const std::vector<localize::Iteration>& all = series.front().iterations;
  const auto after = std::lower_bound(
      all.begin(), all.end(), at,
      [](const localize::Iteration& it, double t) { return store::Store::Seconds(it.begin) < t; });
  const auto place = static_cast<size_t>(after - all.begin());
  std::vector<int64_t> lengths;
  for (size_t i = place > kNear ? place - kNear : 0; i < std::min(all.size(), place + kNear); ++i)
    lengths.push_back(all[i].length_ns);
  return store::Store::Seconds(localize::Median(lengths));
}

const char* LabelOf(const std::string& anomaly) {
  if (absl::StartsWith(anomaly, "hang.")) return "last arrival on the host";
  if (absl::StartsWith(anomaly, "crash.")) return "first failure";
  if (absl::StartsWith(anomaly, "slow.")) return "slow since";
  if (absl::StartsWith(anomaly, "wrong.")) return "first wrong value";
  return "begins here";
}

}  // namespace

Window ChooseWindow(const Report& report, const std::vector<localize::IterationSeries>& series) {
  Window window;
  window.until = std::max(report.job.duration_s, kShortestWindow);
  const ReportedFinding* top = report.findings.empty() ? nullptr : &report.findings.front();
  window.has_mark = top != nullptr && top->at_s > 0 && top->at_s <= window.until;
  // Nothing happened: the middle of the job shows what is usual.
  window.mark = window.has_mark ? top->at_s : window.until / 2;
  if (window.has_mark) window.mark_label = LabelOf(top->anomaly);
  double iteration = UsualLength(series, window.mark);
  if (iteration <= 0) iteration = kShareOfJob * window.until;
  window.begin = std::max(0.0, window.mark - kBefore * iteration);
  window.end = std::min(window.until, window.mark + kAfter * iteration);
  if (window.end - window.begin < kShortestWindow) window.end = window.begin + kShortestWindow;
  const bool waits = top != nullptr && (absl::StartsWith(top->anomaly, "hang.") || top->anomaly == "unknown");
  window.goes_on = waits && window.end < window.until;
  return window;
}

}  // namespace rankle::html
