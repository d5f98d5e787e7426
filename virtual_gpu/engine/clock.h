// Device time: CLOCK_MONOTONIC in nanoseconds, so that event timestamps of all processes of a host are
// comparable.
#pragma once

#include <time.h>

#include <cstdint>

namespace rankle::vgpu {

inline uint64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace rankle::vgpu
