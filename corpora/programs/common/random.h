// Random numbers as a pure function of (seed, stream, index): every rank draws any value without drawing the
// ones before it, so a sharded tensor has the same values as the whole one.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_RANDOM_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_RANDOM_H_

#include <cstdint>

namespace rankle::programs {

// The finalizer of SplitMix64: every bit of the input reaches every bit of the output.
constexpr uint64_t MixBits(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

constexpr uint64_t RandomBits(uint64_t seed, uint64_t stream, uint64_t index) {
  return MixBits(MixBits(MixBits(seed) ^ stream) ^ index);
}

// In [0, 1).
constexpr double RandomUnit(uint64_t seed, uint64_t stream, uint64_t index) {
  return static_cast<double>(RandomBits(seed, stream, index) >> 11) * 0x1.0p-53;
}

// Uniform in [-bound, bound].
constexpr float RandomSymmetric(uint64_t seed, uint64_t stream, uint64_t index, double bound) {
  return static_cast<float>((2 * RandomUnit(seed, stream, index) - 1) * bound);
}

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_RANDOM_H_
