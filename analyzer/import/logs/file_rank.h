// Whose output a file holds, where no line of it tells: "rank2.log", ".../attempt_0/2/stderr.log" (torchrun
// --log-dir), or a number in the name where a job wrote a file for each rank. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankle::import {

struct FileRanks {
  std::vector<int32_t> ranks;    // of each file; -1 = cannot be told
  std::vector<int32_t> on_host;  // likewise, of torchrun's directories: the rank on the host
  bool guessed = false;          // numbers without a word that says what they count
};
FileRanks RanksOfFiles(const std::vector<std::string>& paths);

}  // namespace rankle::import
