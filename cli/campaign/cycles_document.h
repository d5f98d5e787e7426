// Cycles as JSON: the document of CyclesJson (analyzer/stitch/cycles_json.h) with what the stitcher does not
// know: what replays showed ("confirmation", null where none was tried), and the classes of bugs that faults
// stand for ("taxonomy").
#pragma once

#include <string>

#include "cli/campaign/cycles_report.h"

namespace rankle::cli {

std::string CyclesDocument(const CyclesReport& report);

}  // namespace rankle::cli
