// Flight Recorder dumps of simulated jobs: tensor, data, pipeline and expert parallelism of random shape,
// whose devices run their operations in order while their hosts run ahead, with one fault at a random place.
// What the dumps hold follows from the simulation, not from what the analyzer expects.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/testing/dump_writer.h"

namespace rankle::testing {

enum class SimulatedFault {
  kHost,        // the program of the culprit stops issuing operations
  kDevice,      // the device of the culprit stops taking part
  kCompletion,  // it takes part, and nothing that it does is seen to complete
};

struct SimulatedDumps {
  std::vector<DumpContent> dumps;  // by rank
  int culprit = 0;
  bool hangs = false;  // faults near the end may come too late to stop anybody
};

SimulatedDumps Simulate(SimulatedFault fault, uint32_t seed);

}  // namespace rankle::testing
