// Time of the cascade programs: the monotonic clock, which all processes of one machine share, in
// nanoseconds.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_CLOCK_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_CLOCK_H_

#include <cstdint>
#include <ctime>

namespace rankle::cascades {

inline constexpr int64_t kMillisecond = 1'000'000;

inline int64_t Now() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 * kMillisecond + now.tv_nsec;
}

inline timespec ToTimespec(int64_t nanoseconds) {
  return {nanoseconds / (1000 * kMillisecond), nanoseconds % (1000 * kMillisecond)};
}

inline int64_t DeadlineIn(int milliseconds) { return Now() + milliseconds * kMillisecond; }

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_CLOCK_H_
