// The process between a job and its readers: passes what the ranks print on to rankle's own standard output
// and error, and keeps it in logs. It has no state beyond what it is just passing on, so that it can be
// replaced at any time (capture.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace rankle::cli {

struct TeeStream {
  int source = -1;       // a pipe or pseudo-terminal; -1 = closed
  int destination = -1;  // STDOUT_FILENO or STDERR_FILENO
  size_t log = 0;        // index of its log
};

// Exit status of the process: everything was passed on, or nobody reads at a destination any more (then the
// sources of that destination must be closed, so that the ranks notice as they would have without rankle).
inline constexpr int kTeeDone = 0, kTeeLostStdout = 11, kTeeLostStderr = 12;

// Runs until all sources have ended. `log_names` as in rotating_log.h.
int RunTee(std::span<const TeeStream> streams, const std::string& log_directory,
           const std::vector<std::string>& log_names);

}  // namespace rankle::cli
