// Seeded numbers that depend on their coordinates only, never on the order in which threads ask for them.
#pragma once

#include <cstdint>

namespace rankle::plan {

// The finaliser of SplitMix64: every input bit changes every output bit with probability one half.
constexpr uint64_t MixBits(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// One draw point: the `call`-th match of fault `fault` on `rank`. `stream` separates the numbers drawn there.
class DrawPoint {
 public:
  constexpr DrawPoint(uint64_t seed, uint64_t fault, int64_t rank, uint64_t call)
      : key_(MixBits(MixBits(MixBits(seed) ^ fault) ^ static_cast<uint64_t>(rank)) ^ call) {}
  constexpr uint64_t Bits(uint64_t stream) const { return MixBits(MixBits(key_) + stream); }
  // In [0, 1).
  constexpr double Unit(uint64_t stream) const { return static_cast<double>(Bits(stream) >> 11) * 0x1p-53; }

 private:
  uint64_t key_;
};

}  // namespace rankle::plan
