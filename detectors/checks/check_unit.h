// Parses a unit and runs checks over it. No clang in this header.
#pragma once

#include <memory>
#include <vector>

#include "detectors/checks/check.h"
#include "detectors/tooling/file_filter.h"
#include "detectors/tooling/parse_unit.h"

namespace rankle::lint {

// Findings in the user's files. Changes the working directory of the process to the unit's.
tooling::ParseResult CheckUnit(const tooling::Unit& unit, const tooling::ParserFiles& parser,
                               const tooling::FileFilter& filter,
                               const std::vector<std::unique_ptr<Check>>& checks,
                               std::vector<Finding>& findings);

}  // namespace rankle::lint
