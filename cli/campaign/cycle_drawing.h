// A picture of a cycle: places under each other, and from each an arrow to the next, the last one back to the
// first.
#pragma once

#include <string>

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/observation.h"

namespace rankle::cli {

// An inline SVG (analyzer/report/html/svg.h) in the page's classes.
std::string DrawCycle(const stitch::Cycle& cycle, const stitch::Names& names);

}  // namespace rankle::cli
