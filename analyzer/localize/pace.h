// When did a job change its pace? Change points of the iteration times of each series, with what was there
// before and after. Certainty is corrected for the number of series (Benjamini-Hochberg). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/localize/iterations.h"

namespace rankle::localize {

struct PaceChange {
  std::vector<int32_t> ranks;  // whose pace it is (indices into Store::ranks)
  bool by_steps = false;
  int64_t first_iteration = 0;                      // of the new pace
  int iterations_before = 0, iterations_after = 0;  // lengths of the stretches before and after
  int64_t since = 0, until = 0;                     // of the new pace
  bool lasts = false;                               // until the end of the records
  int64_t before_ns = 0, after_ns = 0;              // medians of an iteration
  int64_t worst_before_ns = 0;                      // median of the slowest ten iterations on end before
  int64_t communication_before_ns = 0, communication_after_ns = 0;  // medians, on the rank that waits least
  double superiority = 0.5;  // probability that an iteration after takes longer than one before
  double work_factor = 1;    // elements communicated in an iteration, after over before
  bool recurs = false;       // a stretch as slow occurs again, after or before one that is not
  double q = 1;              // probability of a false alarm among the series of this job
};

// Probability that a random value of `b` is larger than one of `a`; ties count half.
double Superiority(std::vector<double> a, const std::vector<double>& b);
// The largest median of `length` values on end.
double WorstStretch(const std::vector<double>& values, size_t length);

std::vector<PaceChange> FindPaceChanges(const std::vector<IterationSeries>& series);

}  // namespace rankle::localize
