// Cycles and edges for people.
#pragma once

#include <string>

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"

namespace rankle::cli {

// One paragraph a cluster of cycles, the first one most worth a look.
std::string CyclesText(const stitch::Stitched& stitched, const stitch::Causes& causes,
                       const stitch::Names& names);

// One line an edge: fault, effect, how sure.
std::string EdgesText(const stitch::Causes& causes, const stitch::Names& names);

}  // namespace rankle::cli
