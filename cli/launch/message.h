// What rankle says to the person at the terminal: whole lines on stderr, written at once so that they do not
// mix with the job's output.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rankle::cli {

// "rankle: TEXT\n"
void Say(std::string_view text);
// The message of an error, as one line.
void SayError(const absl::Status& error);
// Writes everything, also to pipes that take it in parts; false when that failed.
bool WriteAll(int fd, std::string_view text);
// "1.5 s", "250 ms"
std::string DurationText(uint64_t ns);

}  // namespace rankle::cli
