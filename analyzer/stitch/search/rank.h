// The order in which cycles are worth a look, and which of them are the same finding in other words.
#pragma once

#include <vector>

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/search/walk.h"

namespace rankle::stitch {

struct Ranked {
  size_t found = 0;  // index into the cycles found
  size_t cluster = 0;
  bool leads = false;
  CycleFactors factors;
};

// All cycles found, the first one most worth a look: rarity class, then score, then the shorter one, then the
// order in which they were found.
std::vector<Ranked> Rank(const Causes& causes, const StitchGraph& graph,
                         const std::vector<FoundCycle>& found);

// Numbers the clusters of the first `count`: a cycle joins the first cluster whose leader shares at least
// half of the links (places and effects) that either has, else it leads a new one.
size_t Cluster(const StitchGraph& graph, const std::vector<FoundCycle>& found, size_t count,
               std::vector<Ranked>& ranked);

}  // namespace rankle::stitch
