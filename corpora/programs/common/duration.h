// Durations as people write them on a command line.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_DURATION_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_DURATION_H_

#include <chrono>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rankle::programs {

// "20ms", "1.5s", "250us", "100ns"; a bare number is seconds.
absl::StatusOr<std::chrono::nanoseconds> ParseDuration(absl::string_view text);

// "1:20ms": one rank, and how long.
struct RankDelay {
  int rank = -1;  // -1: none
  std::chrono::nanoseconds time{0};
};
absl::StatusOr<RankDelay> ParseRankDelay(absl::string_view text);

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_DURATION_H_
