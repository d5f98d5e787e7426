// Edges that are alike to the compatibility check are one: the search walks over classes, so that thousands
// of runs that show the same do not multiply its work, and none of them has to be thrown away for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"

namespace rankle::stitch {

struct StitchGraph {
  // Experiments whose faults were injected at one place and that behaved alike there.
  struct Departure {
    uint32_t place = 0;
    std::vector<uint32_t> groups;  // of the edges that these experiments have
  };
  // Edges that end at one place with the same evidence.
  struct Arrival {
    uint32_t place = 0;
    std::vector<uint32_t> next;  // departures that fit, ascending
  };
  // Edges of one departure, arrival and effect: any of them may stand for the others.
  struct Group {
    uint32_t departure = 0, arrival = 0;
    Effect effect = Effect::kNewBehaviour;
    std::vector<uint32_t> edges;  // indices into Causes::edges, the most certain first
  };
  std::vector<Place> places;  // ascending; numbers above are indices into it
  std::vector<Departure> departures;
  std::vector<Arrival> arrivals;
  std::vector<Group> groups;
  size_t left_out = 0;  // edges that can be in no cycle by the rules of chaining
};

// `load_after_load` = false: as published, a delay continues a chain only by the errors that it causes.
StitchGraph BuildGraph(const Causes& causes, const Names& names, bool load_after_load);

}  // namespace rankle::stitch
