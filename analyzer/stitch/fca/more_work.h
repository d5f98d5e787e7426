// S+ edges: more calls or iterations of another site for the same amount of work.
#pragma once

#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/fca/hypothesis.h"

namespace rankle::stitch {

struct WorkTests {
  std::vector<Hypothesis> varying;
  // Rows whose counts, of all runs together, are at most two different numbers: constant ones, and those that
  // a fault changed in every run alike. Hardly any chance is at work there, so they are not made to wait for
  // the repeats that noisy ones need. Which rows these are does not depend on which runs were injected.
  std::vector<Hypothesis> steady;
};

// One hypothesis for each row outside the fault's own places.
WorkTests TestWork(const Comparison& comparison, const FcaOptions& options);

}  // namespace rankle::stitch
