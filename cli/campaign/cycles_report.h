// All that a report of cycles tells from, whatever its form. Refers; nothing is owned.
#pragma once

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"
#include "analyzer/taxonomy/knowledge.h"
#include "cli/campaign/confirm.h"

namespace rankle::cli {

struct CyclesReport {
  const stitch::Stitched& stitched;
  const stitch::Causes& causes;
  const stitch::Names& names;
  const Confirmations& confirmations;
  const taxonomy::Knowledge& taxonomy;
};

}  // namespace rankle::cli
