// What the faults of a campaign were seen to cause, as edges for the causal chain of an incident
// (docs/explaining.md).
//
// Only edges whose two ends a flight record tells count: a call of NCCL or CUDA that failed, or a C++
// exception. They hold where both are on one rank, or on two that share a communicator: a campaign knows
// roles, not ranks.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/explain/edge.h"
#include "analyzer/stitch/fca/causes.h"

namespace rankle::cli {

// `campaign` is its name in ids and sources. Pure.
std::vector<explain::CauseEdge> CauseEdgesOf(const stitch::Causes& causes, const stitch::Names& names,
                                             const std::string& campaign);

// Of the directory of a campaign, or of a file with observations as JSON lines.
absl::StatusOr<std::vector<explain::CauseEdge>> ReadCauseEdges(const std::string& path);

}  // namespace rankle::cli
