// events.jsonl of an output directory: what `rankle run` said while the job ran (docs/live.md), one JSON
// object a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rankle::import {

struct LiveEvent {
  uint64_t monotonic_ns = 0;  // of the host
  std::string host, kind, text;
  std::vector<int32_t> ranks;
};

bool LooksLikeLiveEvents(std::string_view first_bytes);
// One line with its end.
std::string LiveEventLine(const LiveEvent& event);
// Lines that cannot be read (the last may be cut off) are counted and left out.
std::vector<LiveEvent> ParseLiveEvents(std::string_view text, uint64_t& malformed);

}  // namespace rankle::import
