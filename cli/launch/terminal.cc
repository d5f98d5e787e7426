#include "cli/launch/terminal.h"

#include <signal.h>
#include <unistd.h>

namespace rankle::cli {
namespace {

// A background process that moves the terminal is stopped by SIGTTOU unless it is blocked.
void MoveTerminal(pid_t group) {
  sigset_t background_write, old;
  sigemptyset(&background_write);
  sigaddset(&background_write, SIGTTOU);
  sigprocmask(SIG_BLOCK, &background_write, &old);
  tcsetpgrp(STDIN_FILENO, group);
  sigprocmask(SIG_SETMASK, &old, nullptr);
}

}  // namespace

Terminal::Terminal(pid_t own_group)
    : own_group_(own_group), ours_(isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == own_group) {}

void Terminal::Lend(pid_t job_group) {
  // After `bg` the shell has the terminal: leave it there.
  if (!ours_ || tcgetpgrp(STDIN_FILENO) != own_group_) return;
  MoveTerminal(job_group);
  lent_ = true;
}

void Terminal::TakeBack() {
  if (!lent_) return;
  lent_ = false;
  MoveTerminal(own_group_);
}

}  // namespace rankle::cli
