// Which rank left which dump. A dump does not say; what it says of its process groups mostly leaves one
// answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/import/flight_recorder/dump.h"

namespace rankle::import {

struct DumpRanks {
  std::vector<int32_t> ranks;      // by dump; -1 = of two dumps of one rank, the older
  std::vector<std::string> notes;  // ready to print
  bool guessed = false;            // some numbers rest on nothing but the order of the file names
};

// The content decides: the process is in all groups that it lists, and sends and receives tell its place in
// theirs. Where that leaves several ranks, a number in the file's name decides among them; then what is left
// over is dealt out in order of the names, and `guessed` is set.
DumpRanks RanksOf(const std::vector<Dump>& dumps);

}  // namespace rankle::import
