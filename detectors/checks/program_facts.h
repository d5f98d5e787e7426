// What a check about a whole program has to know of all its units. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "detectors/checks/finding.h"

namespace rankle::lint {

// Each unit reports every wait; whether they are findings is known when all units were seen.
constexpr std::string_view kWaitWithoutAsyncPoll = "nccl-wait-without-async-poll";

struct ProgramFacts {
  bool communicates = false;  // enqueues operations of NCCL
  bool polls = false;         // asks a communicator for asynchronous errors, or aborts one
};

// Leaves of the findings of checks about the whole program what holds of it: `units` are all its units.
void SettleProgram(const std::vector<ProgramFacts>& units, std::vector<Finding>& findings);

}  // namespace rankle::lint
