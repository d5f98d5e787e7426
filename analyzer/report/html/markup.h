// Text for the page: escaping, numbers with units, lists of ranks. Whatever comes from a job or a rule goes
// through Escape exactly once, where it enters the markup.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace rankle::html {

// For text and attribute values in quotes. Control characters and characters that turn the direction of
// writing (which could make a hostile name read as something else) are replaced; more than `most` bytes are
// cut, so that no name can make the page large.
inline constexpr size_t kLongest = 2000;
std::string Escape(absl::string_view text, size_t most = kLongest);

// At most `most` characters; "…" at the end says that some were cut. Not escaped.
std::string Shorten(absl::string_view text, size_t most);

// A length of time with three digits and the unit that fits: "3.70 s", "12.4 ms", "340 µs".
std::string Duration(double seconds);
// A place on the job's axis: "0.847 s".
std::string At(double seconds);
// "12,345"
std::string Count(int64_t number);
// "12 ranks", "1 rank"
std::string Counted(int64_t number, absl::string_view what);
// "1.30×"
std::string Factor(double factor);
// "97 %"
std::string Percent(double share);
// "rank 3", "ranks 0-2, 7"; long lists are cut: "ranks 0, 2, 4, ... (512)".
std::string Ranks(std::vector<int32_t> global_ranks, size_t most_bytes = 60);

}  // namespace rankle::html
