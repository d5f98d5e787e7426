#include "cli/launch/message.h"

#include <errno.h>
#include <unistd.h>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "cli/launch/text.h"

namespace rankle::cli {

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) text.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

void Say(std::string_view text) { WriteAll(STDERR_FILENO, Cat("rankle: ", text, "\n")); }

void SayError(const absl::Status& error) { Say(absl::StrReplaceAll(error.message(), {{"\n", " "}})); }

std::string DurationText(uint64_t ns) {
  return ns < 1'000'000'000 ? Cat(ns / 1'000'000, " ms")
                            : absl::StrFormat("%.1f s", static_cast<double>(ns) * 1e-9);
}

}  // namespace rankle::cli
