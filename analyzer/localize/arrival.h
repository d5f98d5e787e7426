// Who is late by its own work? Per rank and iteration the time that it spent outside communication (from the
// end of one operation to the beginning of the next), compared with ranks that do the same work in the same
// iteration. Waiting for others is spent inside operations and therefore never counts as own time: blame does
// not stick to victims. Pure.
//
// Statistics: paired comparison with the median of the others in each iteration (busy machines slow everybody
// at once), the best segment of iterations by a run score, and a Chernoff bound for how surprising that many
// slow iterations are, given how often the other ranks look slow by chance. Nothing here uses a mean that
// could contain the outlier.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

struct Lateness {
  int32_t rank = store::kNone;                        // index into Store::ranks
  int peers = 0;                                      // ranks of the same role it was compared with
  std::shared_ptr<const std::vector<int32_t>> group;  // those and itself
  bool by_steps = false;  // iterations are marked steps; else collectives of the rank's largest communicator
  int64_t first_iteration = 0, last_iteration = 0;
  int iterations = 0, slow_iterations = 0;  // in the segment
  double factor = 1;                        // median own time / median of the others' own time
  int64_t own_ns = 0, normal_ns = 0;
  int64_t iteration_ns = 0;  // usual length of an iteration in the segment
  double noise = 0;     // how much the others usually differ among each other, relative (1.48 times the MAD)
  double chance = 0;    // share of the others' iterations that look slow
  double surprise = 0;  // -log10 of the probability that chance did this
  int64_t since = 0;    // time of the first slow iteration
  // Of a step, what passed on the host before it gave the device anything to do, and the same of the peers
  // (host_time.h); -1 = the records do not tell.
  int64_t host_ns = -1, normal_host_ns = -1;
};

// Ranks whose own time stands out in some segment, the most surprising first. Thresholds are the rule's
// business; only what cannot possibly matter (fewer than 5 slow iterations) is left out.
std::vector<Lateness> FindLateness(const store::Store& store);

}  // namespace rankle::localize
