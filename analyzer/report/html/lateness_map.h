// How late each rank is by its own work in each iteration, against the median of the ranks with its role, and
// condensed so that it fits on a page. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::html {

struct LatenessRow {
  int32_t first = 0, last = 0;  // indices into Store::ranks, both included
  // Seconds an iteration, by column; negative = not known. Of several iterations their mean (what is lost
  // over them), then of several ranks the most: one late rank among a hundred shows as strongly as alone.
  std::vector<double> late_s;
  double mean_s = 0;  // over all columns that are known
};

struct LatenessMap {
  bool by_steps = false;
  std::vector<std::pair<int64_t, int64_t>> columns;  // first and last iteration
  std::vector<LatenessRow> named;                    // one row a culprit, where `rows` are condensed
  std::vector<LatenessRow> rows;                     // all ranks
  double usual_s = 0;                                // median own time of an iteration
  double top_s = 0;                                  // the lateness that has the strongest colour
};

struct LatenessLimits {
  size_t rows = 64, columns = 116, named = 12;
};

// Empty when no two ranks can be compared. `culprits`: indices into Store::ranks.
LatenessMap MapLateness(const store::Store& store, const std::vector<int32_t>& culprits,
                        const LatenessLimits& limits = {});

}  // namespace rankle::html
