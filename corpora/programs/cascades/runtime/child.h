// A forked process that works for this one and talks to it through a Unix socket.
//
// Lifetime: killed and reaped with its Child, and killed when this process ends in any other way. It inherits
// the descriptors of its parent.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_CHILD_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_CHILD_H_

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <utility>

#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/socket.h"

namespace rankle::cascades {

class Child {
 public:
  explicit Child(pid_t pid = -1) : pid_(pid) {}
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Child() { Kill(); }

  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

 private:
  pid_t pid_;
};

// Runs `body` in a new process, which ends without running destructors. From a CASCADE_SITE; the process must
// have no threads of its own.
template <typename Body>
CASCADE_CALL Child Fork(Body body, const char* site = __builtin_FUNCTION()) {
  const pid_t parent = ::getpid();
  const pid_t pid = CallFork(site);
  Require(pid >= 0, "no process can be forked");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      if (::getppid() == parent) body();  // else it ended before the line above
    } catch (const JobFailure&) {
      ::_exit(13);
    }
    ::_exit(0);
  }
  return Child(pid);
}

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_CHILD_H_
