// How far two groups of runs differ in the iterations of a loop within one iteration of its parent.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/stitch/fca/p_value.h"
#include "analyzer/stitch/observation.h"

namespace rankle::stitch {

struct HistogramShift {
  double distance = 0;                       // total variation, 0 to 1
  double plain_mean = 0, injected_mean = 0;  // iterations within one of the parent
  PValue p;  // of a distance this large with the larger mean on the injected side
};

// One histogram a run; runs with an empty one are left out. Every run weighs the same, however long it was.
// Exact where at most 20,000 ways exist to choose the injected runs, else by 9,999 random ways drawn with
// `seed`, the actual one counted among them. A distance below `least_distance` or a mean that is not larger
// is p = 1 without a test.
HistogramShift CompareHistograms(const std::vector<std::vector<ParentBin>>& plain,
                                 const std::vector<std::vector<ParentBin>>& injected, double least_distance,
                                 uint64_t seed);

}  // namespace rankle::stitch
