// Runs checks over one parsed unit, in one walk over its functions.
#pragma once

#include <memory>
#include <vector>

#include "detectors/checks/check.h"
#include "detectors/checks/finding.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {

// Builds the unit's summaries first.
std::vector<Finding> RunChecks(UnitView& unit, const std::vector<std::unique_ptr<Check>>& checks);

}  // namespace rankle::lint
