// Causes in, ranked cycles out: builds the graph, walks it, ranks and clusters what closes.
#pragma once

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/search/walk.h"

namespace rankle::stitch {

struct StitchOptions {
  bool load_after_load = true;  // false: the published chaining rules
  WalkLimits limits = {};
  size_t report = 1000;  // cycles, by rank; a person reads a few dozen
};

Stitched Stitch(const Causes& causes, const Names& names, const StitchOptions& options = {});

}  // namespace rankle::stitch
