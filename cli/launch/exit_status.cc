#include "cli/launch/exit_status.h"

#include <string.h>
#include <sys/wait.h>

#include "cli/launch/text.h"

namespace rankle::cli {

ProcessEnd EndFromWaitStatus(int wait_status, uint64_t now_ns) {
  ProcessEnd end{.ended_ns = now_ns, .exit_code = {}, .signal = {}};
  if (WIFSIGNALED(wait_status)) {
    end.signal = WTERMSIG(wait_status);
  } else {
    end.exit_code = WEXITSTATUS(wait_status);
  }
  return end;
}

int ExitCodeOf(const ProcessEnd& end) { return end.signal ? 128 + *end.signal : end.exit_code.value_or(0); }

int JobExitCode(std::span<const ProcessEnd> by_themselves, std::span<const ProcessEnd> by_rankle) {
  for (const std::span<const ProcessEnd> ends : {by_themselves, by_rankle}) {
    for (const bool by_signal : {true, false}) {
      for (const ProcessEnd& end : ends) {
        if (ExitCodeOf(end) != 0 && end.signal.has_value() == by_signal) return ExitCodeOf(end);
      }
    }
  }
  return 0;
}

std::string SignalName(int signal) {
  const char* name = sigabbrev_np(signal);
  return name ? Cat("SIG", name) : Cat("signal ", signal);
}

}  // namespace rankle::cli
