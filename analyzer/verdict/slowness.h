// Several kinds of slowness at once: which of them are worth naming together. Pure.
#pragma once

#include <vector>

#include "analyzer/report/report.h"

namespace rankle::verdict {

// When the first finding is a slowness: it and the unexplained ones of other kinds that cost the job at least
// half as much. Empty or one: there is only one kind to name. Findings whose cost is not known are weighed
// by nobody and stay out.
std::vector<const ReportedFinding*> KindsOfSlowness(const std::vector<ReportedFinding>& findings);

}  // namespace rankle::verdict
