// From the records of a run to an observation (analyzer/stitch/observation.h): each interposed call site is a
// site, the frame above it its call site, each outcome of its calls a signature. Pure but for reading the
// records.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "analyzer/stitch/observation.h"
#include "cli/campaign/campaign_file.h"
#include "cli/campaign/observe_points.h"
#include "cli/inspect/symbols.h"
#include "tracer/sites/reader.h"

namespace rankle::cli {

// Adds the rows of one process, and what its numbers mean. `role`: of its rank.
void AddProcess(const sites::SiteRecord& record, const std::string& role, Symbols& symbols,
                stitch::RunObservation& run, stitch::Names& names);

// All site records of a run's directory, its points records, and from its flight records the units of work:
// steps of the rank that did the least. Error: no site record.
absl::StatusOr<PointsSeen> ObserveDirectory(const std::string& directory, const Workload& workload,
                                            const PointList& points, stitch::RunObservation& run,
                                            stitch::Names& names);

}  // namespace rankle::cli
