// The values of fault plans as text: durations, sizes, numbers, ranges, distributions, and back. Pure;
// messages name the wrong text and what is allowed, the caller puts the place in front.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "injector/plan/armed_plan.h"

namespace rankle::plan {

absl::StatusOr<uint64_t> ParseDuration(std::string_view text);  // "200ms" -> ns; units ns us ms s m
absl::StatusOr<int64_t> ParseSize(std::string_view text);  // "1MiB" -> bytes; B KiB MiB GiB TiB, none = B
absl::StatusOr<int64_t> ParseRate(std::string_view text);  // "1GiB/s" -> bytes per second
absl::StatusOr<int64_t> ParseInteger(std::string_view text);
absl::StatusOr<double> ParseReal(std::string_view text);

// 3, 10..20, 100.., ..50, >=8, >8, <=8, <8 of numbers that `parse` reads, none below `least`.
using ParseBound = absl::StatusOr<int64_t> (*)(std::string_view);
absl::StatusOr<Range> ParseRange(std::string_view text, ParseBound parse, int64_t least);
// Sorted, overlaps and neighbours merged: what Decide() counts on.
absl::StatusOr<RangeList> ParseRanges(std::span<const std::string> texts, ParseBound parse, int64_t least);

std::string FormatDuration(uint64_t ns);
std::string FormatSize(int64_t bytes);
std::string FormatReal(double value);  // shortest text that reads back the same
using FormatBound = std::string (*)(int64_t);
std::string FormatRanges(const RangeList& list, FormatBound format);

}  // namespace rankle::plan
