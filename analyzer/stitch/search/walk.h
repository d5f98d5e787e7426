// The search for simple cycles over the classes of a stitch graph: shortest first, deterministic, within
// bounds that it reports when it meets them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/stitch/search/graph.h"

namespace rankle::stitch {

struct WalkLimits {
  size_t edges = 6;              // of a cycle; the cascades known are of 2 to 5
  uint64_t steps = 400'000'000;  // extensions tried; about 10 s
  size_t cycles = 200'000;       // with different places and effects; about 200 bytes each
};

// All cycles with the same places and effects, in canonical rotation: the smallest place first.
struct FoundCycle {
  std::vector<uint32_t> groups;  // of its most certain variant, one for each edge
  double weakest = 0;            // confidence of that variant's weakest edge
  uint64_t variants = 0;         // combinations of classes that close
};

struct Walked {
  std::vector<FoundCycle> cycles;  // by length, then by places
  uint64_t steps = 0;
  std::vector<std::string> cut;  // what was not searched; empty = the search was complete
};

Walked FindCycles(const Causes& causes, const StitchGraph& graph, const WalkLimits& limits = {});

}  // namespace rankle::stitch
