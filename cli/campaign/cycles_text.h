// Cycles and edges for people.
#pragma once

#include <string>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"
#include "cli/campaign/cycles_report.h"

namespace rankle::cli {

// One paragraph a cluster of cycles, the first one most worth a look.
std::string CyclesText(const CyclesReport& report);

// One line an edge: fault, effect, how sure.
std::string EdgesText(const stitch::Causes& causes, const stitch::Names& names);

}  // namespace rankle::cli
