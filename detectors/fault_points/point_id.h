// Names of fault points that survive edits elsewhere in the file: made of the function's USR, the kind, the
// point's own tokens, and the how-manieth it is among equal ones of that function. Lines and columns are
// attributes only. A point gets another id when its own tokens change (of a loop: of its head; of a branch:
// of its condition), or when an equal one is written before it in the same function. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "detectors/fault_points/point.h"

namespace rankle::points {

// FNV-1a, 64 bits: the same on every machine, unlike std::hash.
uint64_t Fnv(std::string_view text, uint64_t hash = 14695981039346656037ull);

std::string Hex(uint64_t value);  // 16 digits

// Hands out the ids of one unit; points must come in the order of the source.
class PointIds {
 public:
  std::string Next(Kind kind, std::string_view function_usr, std::string_view tokens);

 private:
  std::map<uint64_t, int> seen_;  // hash of function, kind and tokens -> how many so far
};

}  // namespace rankle::points
