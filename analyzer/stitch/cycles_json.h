// Cycles for `rankle stitch DIR --format json` (schema rankle.cycles/1, docs/causality.md).
#pragma once

#include <string>

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/observation.h"

namespace rankle::stitch {

// One indented JSON document with a newline at its end.
std::string CyclesJson(const Stitched& stitched, const Names& names);

}  // namespace rankle::stitch
