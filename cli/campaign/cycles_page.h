// Cycles as one HTML page that needs nothing else: of each cluster its first cycle as a picture, the runs
// that prove its links, what has to hold for it, and what a replay showed. No script; the browser is told to
// run and to fetch none.
#pragma once

#include <string>

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"
#include "cli/campaign/confirm.h"

namespace rankle::cli {

std::string CyclesPage(const stitch::Stitched& stitched, const stitch::Causes& causes,
                       const stitch::Names& names, const Confirmations& confirmations);

}  // namespace rankle::cli
