// One comparison that was made: a row, or a signature in a row, of one fault in one workload.
#pragma once

#include <cstddef>
#include <vector>

#include "analyzer/stitch/fca/comparison.h"
#include "analyzer/stitch/fca/p_value.h"

namespace rankle::stitch {

struct Hypothesis {
  size_t row = 0;  // index into Comparison::rows
  PValue value;    // p = 1 where the effect is too small to matter, whatever its evidence
  Signature signature = 0;
  double plain_mean = 0, injected_mean = 0;
};

}  // namespace rankle::stitch
