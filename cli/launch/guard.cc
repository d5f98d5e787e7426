// The outer process of a job (job.h): forwards signals to the supervisor, stops and continues with it, and
// cleans up should the supervisor be killed.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/launch/job.h"
#include "cli/launch/message.h"
#include "cli/launch/process_tree.h"
#include "cli/launch/supervisor.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr uint64_t kKillTimeoutNs = 10'000'000'000;

// The supervisor's exit code when it has ended; stops together with it on the way there.
class Guard {
 public:
  Guard(pid_t supervisor, FileDescriptor signals, pid_t keeper)
      : supervisor_(supervisor), signals_(std::move(signals)), keeper_(keeper) {}

  int Wait() {
    while (!ended_) {
      signalfd_siginfo info;
      if (read(signals_.get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) continue;
      if (info.ssi_signo == SIGCHLD) {
        Reap();
      } else {
        kill(supervisor_, static_cast<int>(info.ssi_signo));
      }
    }
    return exit_code_;
  }

 private:
  void Reap() {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0;) {
      if (pid != supervisor_) continue;
      if (WIFSTOPPED(status)) {
        raise(SIGSTOP);  // the shell's `fg` continues us; the SIGCONT is forwarded
      } else {
        ended_ = true;
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : SupervisorDied(WTERMSIG(status));
      }
    }
  }

  int SupervisorDied(int signal) const {
    Say(Cat("the supervisor of the job was ended by ", SignalName(signal), "; ending the job"));
    KillDescendants(kKillTimeoutNs, [](pid_t, int) {}, {keeper_});
    return 128 + signal;
  }

  pid_t supervisor_;
  FileDescriptor signals_;
  pid_t keeper_;  // takes back what it did by itself; 0 = none
  bool ended_ = false;
  int exit_code_ = 0;
};

}  // namespace

int RunJob(const Job& job) {
  BecomeSubreaper();
  sigset_t watched = ForwardedSignals();
  sigaddset(&watched, SIGCHLD);
  GuardLink link;
  sigprocmask(SIG_BLOCK, &watched, &link.original_mask);
  link.guard_group = getpgrp();
  // Before the pipe by which guard and supervisor notice each other's end: the keeper must hold no copy of
  // it.
  std::unique_ptr<KeeperLink> keeper;
  if (job.hosts.IsNeeded()) {
    absl::StatusOr<std::unique_ptr<KeeperLink>> started = KeeperLink::Start(job.hosts);
    if (!started.ok()) {
      SayError(started.status());
      return kExitUnusable;
    }
    keeper = *std::move(started);
    link.keeper = keeper.get();
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    Say(Cat("cannot start the job: no pipe: ", strerror(errno)));
    return kExitUnusable;
  }
  link.alive = FileDescriptor(ends[0]);
  FileDescriptor alive(ends[1]);
  const pid_t supervisor = fork();
  if (supervisor < 0) {
    Say(Cat("cannot start the job: ", strerror(errno), " (see `ulimit -u`)"));
    return kExitUnusable;
  }
  if (supervisor == 0) {
    alive.Close();
    prctl(PR_SET_PDEATHSIG, SIGCONT);  // even a stopped supervisor must notice that the guard is gone
    setpgid(0, 0);                     // the terminal's signals reach the guard once, and are forwarded
    BecomeSubreaper();
    const int exit_code = Supervise(job, std::move(link));
    _exit(exit_code);
  }
  link.alive.Close();
  if (keeper) keeper->LeaveToSupervisor();
  FileDescriptor signals(signalfd(-1, &watched, SFD_CLOEXEC));
  const int exit_code = Guard(supervisor, std::move(signals), keeper ? keeper->pid() : 0).Wait();
  if (keeper) keeper->Finish();
  sigprocmask(SIG_SETMASK, &link.original_mask, nullptr);
  return exit_code;
}

}  // namespace rankle::cli
