// The verdict on a job that runs: the same facts and rules as afterwards, on what the digests hold.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/analyze.h"
#include "analyzer/live/parts.h"

namespace rankle::live {

struct LiveReport {
  Report report;
  std::vector<std::string> silent_nodes;  // whose watcher has not been heard of for kStaleAfterS
};

// Slowness is looked for only while a watcher calls the job slower (localize/slowdown.h): every look at a
// short window would be one more chance for noise. Growth of memory needs more than a window.
absl::StatusOr<LiveReport> Judge(const std::vector<Part>& parts, const AnalyzeOptions& options);

// Is it a change that people want to hear of: another class, other culprits?
bool IsSameVerdict(const Verdict& a, const Verdict& b);

}  // namespace rankle::live
