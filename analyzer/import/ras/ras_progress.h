// Does the job move between snapshots, and which ranks are behind? Counts of one snapshot are read at
// different moments, so a difference means nothing by itself; one that stays while nothing moves does. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/import/ras/ras_report.h"

namespace rankle::import {

// How long the snapshots at the end show one and the same state.
struct RasStillness {
  size_t snapshots = 0;  // in that state; 1 = something moved just before the last one, or there is one only
  int64_t seconds = 0;
};

// In order of time.
RasStillness FindStillness(const std::vector<RasSnapshot>& snapshots);

// Where the ranks of a communicator stand.
struct RasStanding {
  uint64_t common = 0;  // operations that every rank which answered has launched
  struct Ahead {
    int32_t rank = -1;
    std::string function;  // that it launched beyond those; of several, one that the others launched, too
    uint64_t launched = 0;
  };
  std::vector<Ahead> ahead;     // ranks that launched more
  std::vector<int32_t> behind;  // ranks that answered and did not
  // "AllReduce: ranks 0-2 launched 100, rank 3 99"; "" = no difference.
  std::string text;
};

RasStanding FindStanding(const RasCommunicator& communicator);

}  // namespace rankle::import
