// The local compatibility check: may what one fault caused at a place be continued by what another fault,
// which was injected at that place in another run, caused? Only if the place behaved alike in both runs.
#pragma once

#include <optional>
#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"

namespace rankle::stitch {

// How two edges meet.
struct Junction {
  std::vector<CallSiteId> call_sites;  // ascending; where both runs got to the place in the same way
  std::vector<Signature> signatures;   // ascending; new in the first run and shown again; none for load
  // No equal signature, but one that lacks only the guards of the throw that was injected behind them.
  bool past_guards = false;
};

// Load is followed by a delay, new behaviour by an error, a negation or a skipped call.
bool IsLoad(Effect effect);
inline bool IsDelay(const Fault& fault) { return fault.kind == FaultKind::kDelay; }

// Of an edge and an experiment whose fault was injected at the edge's place; none = they do not fit.
std::optional<Junction> Meet(const Edge& edge, const Experiment& next, const Names& names);

}  // namespace rankle::stitch
