// A log-histogram of durations: eight buckets an octave from 2 us to 2 s, so that any quantile is known to
// better than 7 % and a histogram costs 640 bytes however long the job runs. Shared by the writer inside the
// job and by every reader; no state, libc only.
#pragma once

#include <cstdint>

namespace rankle::transport {

inline constexpr int kFirstOctave = 11;  // 2^11 ns = 2 us: less than the cheapest network step
inline constexpr int kOctaves = 20;      // up to 2^31 ns = 2.1 s; what is longer is in the last bucket
inline constexpr int kBucketsPerOctave = 8;
inline constexpr int kBuckets = kOctaves * kBucketsPerOctave;

constexpr int BucketOf(uint64_t ns) {
  if (ns < (uint64_t{1} << kFirstOctave)) return 0;
  const int octave = 63 - __builtin_clzll(ns);
  if (octave >= kFirstOctave + kOctaves) return kBuckets - 1;
  const int part = static_cast<int>(ns >> (octave - 3)) & (kBucketsPerOctave - 1);
  return (octave - kFirstOctave) * kBucketsPerOctave + part;
}

// Smallest value of a bucket, ns. BucketFloor(kBuckets) is the end of the last one.
constexpr uint64_t BucketFloor(int bucket) {
  const int octave = kFirstOctave + bucket / kBucketsPerOctave;
  return (uint64_t{1} << (octave - 3)) * (kBucketsPerOctave + bucket % kBucketsPerOctave);
}

// The value below which the share `q` of `counts` (kBuckets of them) lies, ns; linear inside a bucket. 0 when
// nothing was counted.
inline double QuantileNs(const uint32_t* counts, double q) {
  uint64_t total = 0;
  for (int b = 0; b < kBuckets; ++b) total += counts[b];
  double left = q * static_cast<double>(total);
  for (int b = 0; b < kBuckets; ++b) {
    const double here = counts[b];
    if (here > 0 && left <= here) {
      const auto floor = static_cast<double>(BucketFloor(b));
      return floor + left / here * (static_cast<double>(BucketFloor(b + 1)) - floor);
    }
    left -= here;
  }
  return 0;
}

}  // namespace rankle::transport
