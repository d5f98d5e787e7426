// Which ranks get a lane of their own: all of a small job; of a large one the culprits, those that wait for
// them directly, and a sample of the others. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/report/html/section.h"

namespace rankle::html {

struct LaneGroup {
  std::string title;           // "" = no heading
  std::vector<int32_t> ranks;  // indices into Store::ranks, ascending
  size_t of = 0;               // how many ranks there are of the kind
};

// As many lanes fit on a screen and can still be read one by one.
inline constexpr size_t kMostLanes = 32;

// `waiters`: ranks that wait directly for the culprits.
std::vector<LaneGroup> ChooseLanes(const std::vector<Part>& parts, const std::vector<int32_t>& waiters);

}  // namespace rankle::html
