// How processes end, as plain values, and the exit code that a whole job gets from them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace rankle::cli {

// Exit codes of rankle itself.
inline constexpr int kExitOk = 0;
inline constexpr int kExitInternalError = 1;
inline constexpr int kExitUnusable = 2;  // unusable input or wrong usage
inline constexpr int kExitAnomaly = 3;
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;

// One process that ended.
struct ProcessEnd {
  uint64_t ended_ns = 0;
  std::optional<int> exit_code;  // exactly one of the two is set
  std::optional<int> signal;
};

// From the status word of waitpid (of a process that ended).
ProcessEnd EndFromWaitStatus(int wait_status, uint64_t now_ns);

// What a shell would report: the exit code, or 128 + the signal.
int ExitCodeOf(const ProcessEnd& end);

// The job's exit code, from the ends of its processes in the order of their ranks; 0 when all went well. A
// death by signal tells more than an exit code, which is often only the answer to another rank's death; among
// alike the lowest rank counts, so that the code does not depend on who was reaped first. What rankle ended
// itself counts only where nothing else failed.
int JobExitCode(std::span<const ProcessEnd> by_themselves, std::span<const ProcessEnd> by_rankle);

// "SIGKILL", or "signal 77" for a number without a name.
std::string SignalName(int signal);

}  // namespace rankle::cli
