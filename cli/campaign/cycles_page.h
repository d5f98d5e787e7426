// Cycles as one HTML page that needs nothing else: of each cluster its first cycle as a picture, the runs
// that prove its links, what has to hold for it, and what a replay showed. No script; the browser is told to
// run and to fetch none.
#pragma once

#include <string>

#include "cli/campaign/cycles_report.h"

namespace rankle::cli {

std::string CyclesPage(const CyclesReport& report);

}  // namespace rankle::cli
