#include "corpora/programs/common/duration.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace rankle::programs {

absl::StatusOr<std::chrono::nanoseconds> ParseDuration(absl::string_view text) {
  const size_t unit_at = std::min(text.find_first_not_of("0123456789."), text.size());
  const absl::string_view unit = text.substr(unit_at);
  const double scale = unit == "ns"                  ? 1
                       : unit == "us"                ? 1e3
                       : unit == "ms"                ? 1e6
                       : unit == "s" || unit.empty() ? 1e9
                                                     : 0;
  double value = 0;
  if (scale == 0 || !absl::SimpleAtod(text.substr(0, unit_at), &value) || !(value * scale < 9e18)) {
    return absl::InvalidArgumentError(
        absl::StrCat("duration '", text, "': write a number with ns, us, ms or s"));
  }
  return std::chrono::nanoseconds(std::llround(value * scale));
}

absl::StatusOr<RankDelay> ParseRankDelay(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  RankDelay delay;
  if (!absl::SimpleAtoi(parts.first, &delay.rank) || delay.rank < 0) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "': write RANK:DURATION, e.g. 1:20ms"));
  }
  auto time = ParseDuration(parts.second);
  if (!time.ok()) return time.status();
  delay.time = *time;
  return delay;
}

}  // namespace rankle::programs
