// Ranks x time as SVG lanes: the last interesting seconds before the trouble and the wait that followed.
#pragma once

#include <string>

#include "analyzer/report/report.h"

namespace rankle {

// "" when there is nothing to draw.
std::string TimelineSvg(const Report& report);

}  // namespace rankle
