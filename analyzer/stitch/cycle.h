// What stitching reports: candidate self-sustaining failures, as values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/search/compatible.h"

namespace rankle::stitch {

// One link: a fault, injected in one workload, and what it caused at the place where the next link's fault
// was injected.
struct CycleEdge {
  Experiment experiment;  // workload, fault, and the runs that prove the link
  Edge edge;
  Junction junction;        // how it meets the next link; the last one meets the first
  size_t alternatives = 0;  // other edges that would do as well, being alike to the compatibility check
};

// Each factor of the rank, as it entered.
struct CycleFactors {
  // How common its places and faults are among all cycles, 0 to 4: mean plus highest share of cycles that
  // have one of its places, plus the same for the places of its faults. Rare ones come first.
  double frequency = 0;
  int rarity_class = 0;           // 0 = rarest; each class is twice as common
  double weakest_confidence = 0;  // of its edges
  double severity = 0;  // of the worst of its single faults: runs that ended badly, or work not done
  double score = 0;     // weakest_confidence x (0.1 + 0.9 x severity)
};

struct Cycle {
  std::vector<CycleEdge> edges;  // from the smallest place on
  uint64_t variants = 0;  // combinations that close with the same places and effects; this is the surest
  size_t cluster = 0;     // cycles that share most of their links; 1 = that of the first cycle
  bool leads_cluster = false;
  CycleFactors factors;
  std::vector<std::string> conditions;  // what has to hold for the links to meet in one run
};

struct Stitched {
  std::vector<Cycle> cycles;  // by rank
  size_t clusters = 0;
  size_t edges = 0, edges_left_out = 0;  // given; that no chain can hold
  size_t not_reported = 0;               // cycles below the rank asked for
  uint64_t steps = 0;
  std::vector<std::string> cut;  // what the bounds of the search left out; empty = nothing
};

}  // namespace rankle::stitch
