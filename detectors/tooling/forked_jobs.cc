#include "detectors/tooling/forked_jobs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

namespace rankle::tooling {
namespace {

using Clock = std::chrono::steady_clock;

struct Child {
  size_t job;
  pid_t pid;
  int fd;  // of its answer
  Clock::time_point deadline;
  std::string answer;
  bool late = false;
};

[[noreturn]] void Work(const std::function<std::string(size_t)>& work, size_t job, int fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string answer = work(job);
  for (size_t written = 0; written < answer.size();) {
    const ssize_t n = write(fd, answer.data() + written, answer.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(1);
    written += static_cast<size_t>(n);
  }
  _exit(0);  // no destructors: the parser's memory goes with the process
}

bool Start(std::vector<Child>& children, size_t job, std::chrono::seconds limit,
           const std::function<std::string(size_t)>& work) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    for (const Child& other : children) close(other.fd);
    Work(work, job, ends[1]);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return false;
  }
  children.push_back({job, pid, ends[0], Clock::now() + limit, {}});
  return true;
}

JobEnd Collect(Child& child) {
  close(child.fd);
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  JobEnd end{child.job, std::move(child.answer), {}};
  if (child.late) {
    end.failure = "took too long";
  } else if (WIFSIGNALED(status)) {
    end.failure = std::string("crashed (SIG") + sigabbrev_np(WTERMSIG(status)) + ")";
  } else if (WEXITSTATUS(status) != 0) {
    end.failure = "gave up";
  }
  return end;
}

// Reads what is there; true at the end of the answer.
bool Read(Child& child) {
  char buffer[65536];
  const ssize_t n = read(child.fd, buffer, sizeof(buffer));
  if (n > 0) child.answer.append(buffer, static_cast<size_t>(n));
  return n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

void EndLate(std::vector<Child>& children) {
  for (Child& child : children) {
    if (child.late || Clock::now() < child.deadline) continue;
    child.late = true;
    kill(child.pid, SIGKILL);
  }
}

}  // namespace

bool RunForked(size_t count, int parallel, std::chrono::seconds limit,
               const std::function<std::string(size_t)>& work, const std::function<void(JobEnd)>& done) {
  std::vector<Child> children;
  bool started = true;
  size_t next = 0;
  while (next < count || !children.empty()) {
    while (started && next < count && children.size() < static_cast<size_t>(parallel)) {
      started = Start(children, next, limit, work);
      if (started) ++next;
    }
    if (!started) {
      if (children.empty()) return false;
      started = true;  // tried again when one of them has ended
    }
    std::vector<pollfd> fds;
    for (const Child& child : children) fds.push_back({child.fd, POLLIN, 0});
    poll(fds.data(), fds.size(), 1000);  // a second: how late a limit may be noticed
    EndLate(children);
    for (size_t i = fds.size(); i-- > 0;) {
      if (!(fds[i].revents & (POLLIN | POLLHUP | POLLERR)) || !Read(children[i])) continue;
      JobEnd end = Collect(children[i]);
      children.erase(children.begin() + static_cast<long>(i));
      done(std::move(end));
    }
  }
  return true;
}

}  // namespace rankle::tooling
