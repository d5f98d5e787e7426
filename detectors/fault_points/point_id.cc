#include "detectors/fault_points/point_id.h"

namespace rankle::points {

uint64_t Fnv(std::string_view text, uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

std::string Hex(uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4) text[i] = kDigits[value & 15];
  return text;
}

std::string PointIds::Next(Kind kind, std::string_view function_usr, std::string_view tokens) {
  const uint64_t equals = Fnv(tokens, Fnv(KindName(kind), Fnv(function_usr)) * 31);
  const int ordinal = seen_[equals]++;
  return Hex(Fnv(std::to_string(ordinal), equals));
}

}  // namespace rankle::points
