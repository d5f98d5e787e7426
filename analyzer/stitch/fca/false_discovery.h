// Control of false discoveries over many comparisons: Benjamini and Hochberg's procedure (1995), over those
// comparisons that could have been told at all.
#pragma once

#include <cstddef>
#include <vector>

#include "analyzer/stitch/fca/p_value.h"

namespace rankle::stitch {

struct Discoveries {
  std::vector<double> q;  // by comparison: the least rate at which it would be a discovery; 1 where left out
  size_t compared = 0;    // not left out
  size_t found = 0;       // q <= rate
};

// A comparison whose least p is above `rate` cannot become a discovery, wherever its values had fallen, for
// instance equal constant counts; it is left out and does not make the others harder to find. Which ones that
// are does not depend on which runs were injected, so the rate stays controlled.
Discoveries ControlFalseDiscoveries(const std::vector<PValue>& comparisons, double rate);

}  // namespace rankle::stitch
