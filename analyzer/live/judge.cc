#include "analyzer/live/judge.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rankle::live {

absl::StatusOr<LiveReport> Judge(const std::vector<Part>& parts, const AnalyzeOptions& options) {
  const auto slow = std::find_if(parts.begin(), parts.end(), [](const Part& part) {
    return part.digest.pace.slower && !part.stale && !part.HasEnded();
  });
  AnalyzeOptions live = options;
  live.leave_out = {"memory.", slow == parts.end() ? "slow." : "slow.global"};
  auto store = BuildStore(parts);
  if (!store.ok()) return store.status();
  auto report = AnalyzeStore(*std::move(store), live);
  if (!report.ok()) return report.status();
  LiveReport judged;
  judged.report = *std::move(report);
  Verdict& verdict = judged.report.verdict;
  if (verdict.IsHealthy() && slow != parts.end()) {
    verdict.anomaly = "slow.global", verdict.summary = slow->digest.pace.text;
  }
  std::vector<std::string> silence;
  for (const Part& part : parts) {
    if (!part.stale) continue;
    judged.silent_nodes.push_back(part.node);
    std::vector<int32_t> ranks;
    for (const record::FlightRecord& record : part.digest.processes) {
      if (record.process.rank >= 0) ranks.push_back(record.process.rank);
    }
    silence.push_back(absl::StrCat("node ", part.node, " (ranks ", store::RankList(ranks),
                                   ") has been silent for more than ", kStaleAfterS, " s"));
  }
  if (silence.empty()) return judged;
  if (verdict.IsHealthy()) {
    // Nobody waits for its ranks yet; that it is gone is known.
    verdict.anomaly = "unknown", verdict.confidence = 0.7;
    verdict.summary = absl::StrJoin(silence, "; ");
  } else {
    absl::StrAppend(&verdict.summary, "; ", absl::StrJoin(silence, "; "));
  }
  return judged;
}

bool IsSameVerdict(const Verdict& a, const Verdict& b) {
  return a.anomaly == b.anomaly && a.ranks == b.ranks && a.links == b.links;
}

}  // namespace rankle::live
