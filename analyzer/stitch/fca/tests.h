// The tests of a whole campaign, by kind: what is decided together, so that false discoveries can be
// controlled.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/fca/false_discovery.h"
#include "analyzer/stitch/fca/hypothesis.h"

namespace rankle::stitch {

// False discoveries are controlled within each.
enum Kind : size_t { kBehaviour, kWork, kSteadyWork, kParents, kKinds };

// A hypothesis that may become a discovery, with what its edge needs once the rows are gone.
struct Candidate {
  size_t experiment;  // index of the comparison, and of Causes::experiments
  Key key;
  SiteId parent;
  Hypothesis hypothesis;
  size_t test;  // index into Tests::values
};

struct Tests {
  size_t made = 0;
  // By test, of those that more runs could tell at least.
  std::vector<PValue> values;         // with the price of the look
  std::vector<double> p;              // without
  std::vector<size_t> experiments;    // index of the comparison
  std::vector<Candidate> candidates;  // those whose p alone could be enough
  Discoveries discoveries;
};

using AllTests = std::array<Tests, kKinds>;

// What the share of a look multiplies p-values by: that of the last look taken.
double Price(const FcaOptions& options, size_t injected_runs);

void AddTests(const Comparison& comparison, size_t experiment, const std::vector<Hypothesis>& hypotheses,
              const FcaOptions& options, Tests& tests);

// Fills in the discoveries.
void Decide(const FcaOptions& options, Tests& tests);

// At most so large is the q of a discovery.
double Rate(const FcaOptions& options);

}  // namespace rankle::stitch
