#include "detectors/source/progress.h"

#include <unistd.h>

#include "absl/strings/str_format.h"
#include "cli/launch/message.h"

namespace rankle::source {
namespace {

using Clock = std::chrono::steady_clock;

// On a terminal often enough to look alive; in a log seldom enough to be read.
constexpr std::chrono::milliseconds kTerminalPeriod(200);
constexpr std::chrono::seconds kLogPeriod(10);

}  // namespace

Progress::Progress(size_t units)
    : started_(Clock::now()), shown_(started_), units_(units), terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::Done(bool with_errors) {
  ++done_;
  with_errors_ += with_errors;
  const auto now = Clock::now();
  if (now - shown_ < (terminal_ ? Clock::duration(kTerminalPeriod) : Clock::duration(kLogPeriod))) return;
  shown_ = now;
  const double spent = std::chrono::duration<double>(now - started_).count();
  const std::string text =
      absl::StrFormat("%d of %d units, %d with errors, about %.0f s left", done_, units_, with_errors_,
                      spent / static_cast<double>(done_) * static_cast<double>(units_ - done_));
  if (terminal_) {
    cli::WriteAll(STDERR_FILENO, "\r\033[K" + text);
  } else {
    cli::Say(text);
  }
}

void Progress::Finish() {
  if (terminal_) cli::WriteAll(STDERR_FILENO, "\r\033[K");
}

}  // namespace rankle::source
