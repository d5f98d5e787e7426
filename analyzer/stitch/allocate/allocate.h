// Which experiments (a workload, a fault) to make next, given what was observed so far. A campaign asks round
// by round: it makes the experiments of one round, analyzes, and asks for the next, until a round is empty.
// Pure and seeded: the same observations, round and seed give the same choices. docs/causality.md compares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "analyzer/stitch/allocate/injections.h"
#include "analyzer/stitch/fca/causes.h"

namespace rankle::stitch {

enum class Strategy : uint8_t {
  kDirected,    // ours: towards places that known effects lead to (directed.h)
  kThreePhase,  // as published (three_phase.h): rounds 0, 1 and 2
  kRandom       // the baseline: any experiment not made yet
};

struct AllocationOptions {
  Strategy strategy = Strategy::kDirected;
  uint64_t seed = 1;
  // Of the published allocation.
  size_t workloads_an_injection = 3;  // in pass 1, and draws a cluster in pass 2
  double third_pass_share = 1;        // draws of pass 3, as a share of the injections
  double delay_offset = 0.25;         // delays weigh less in pass 3, as they take long
};

// What is known when one asks.
struct Known {
  const std::vector<RunObservation>& runs;  // profile runs tell which workload reaches what
  const Causes& causes;
  std::set<Choice> made;  // experiments begun or made, with or without effect
};

// At most `budget` experiments that were not made, in the order in which to make them. Empty: nothing is left
// for this strategy, or no workload reaches any of the faults.
std::vector<Choice> NextExperiments(const Known& known, const std::vector<Fault>& faults, size_t round,
                                    size_t budget, const AllocationOptions& options = {});

}  // namespace rankle::stitch
