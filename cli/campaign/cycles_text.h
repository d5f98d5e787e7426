// Cycles and edges for people.
#pragma once

#include <string>

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"
#include "cli/campaign/confirm.h"

namespace rankle::cli {

// One paragraph a cluster of cycles, the first one most worth a look.
std::string CyclesText(const stitch::Stitched& stitched, const stitch::Causes& causes,
                       const stitch::Names& names, const Confirmations& confirmations);

// The document of CyclesJson with what replays showed: "confirmation" of each cycle, null where none was
// tried.
std::string WithConfirmations(const std::string& cycles_json, const stitch::Stitched& stitched,
                              const Confirmations& confirmations);

// One line an edge: fault, effect, how sure.
std::string EdgesText(const stitch::Causes& causes, const stitch::Names& names);

}  // namespace rankle::cli
