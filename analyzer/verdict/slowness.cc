#include "analyzer/verdict/slowness.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace rankle::verdict {
namespace {

// Ranks wait for the slowest, so two slownesses of one step hide behind each other: removing the larger one
// gains the difference. From half on that is less than half of what is lost.
constexpr double kComparable = 0.5;

}  // namespace

std::vector<const ReportedFinding*> KindsOfSlowness(const std::vector<ReportedFinding>& findings) {
  std::vector<const ReportedFinding*> kinds;
  if (findings.empty() || !absl::StartsWith(findings[0].anomaly, "slow.") || findings[0].effect_s <= 0)
    return kinds;
  kinds.push_back(&findings[0]);
  for (const ReportedFinding& f : findings) {
    const bool known = std::any_of(kinds.begin(), kinds.end(),
                                   [&](const ReportedFinding* kind) { return kind->anomaly == f.anomaly; });
    if (known || !f.is_root || !absl::StartsWith(f.anomaly, "slow.")) continue;
    if (f.effect_s >= kComparable * findings[0].effect_s) kinds.push_back(&f);
  }
  return kinds;
}

}  // namespace rankle::verdict
