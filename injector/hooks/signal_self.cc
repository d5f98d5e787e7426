#include "injector/hooks/signal_self.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace rankle::hooks {
namespace {

// A grandchild that wakes the stopped process again: nothing inside it could. It holds a descriptor of the
// process, so that a recycled process id is no danger, and closes everything else, so that peers still see
// sockets close when the process dies. Only system calls between the clone and the end: other threads may
// hold any lock.
bool ContinueLater(uint64_t after_ns) {
  const auto self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  if (self < 0) return false;
  const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child == 0) {
    if (syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr) != 0) syscall(SYS_exit_group, 0);
    if (self > 0) syscall(SYS_close_range, 0, self - 1, 0);
    syscall(SYS_close_range, self + 1, ~0u, 0);
    timespec rest = {static_cast<time_t>(after_ns / 1'000'000'000),
                     static_cast<long>(after_ns % 1'000'000'000)};
    while (syscall(SYS_nanosleep, &rest, &rest) != 0) {
    }
    syscall(SYS_pidfd_send_signal, self, SIGCONT, nullptr, 0);
    syscall(SYS_exit_group, 0);
  }
  close(self);
  if (child < 0) return false;
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return true;
}

}  // namespace

bool SignalSelf(int number, uint64_t continue_after_ns) {
  if (number == SIGSTOP && continue_after_ns != 0 && !ContinueLater(continue_after_ns)) return false;
  return kill(getpid(), number) == 0;
}

}  // namespace rankle::hooks
