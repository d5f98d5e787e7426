#include "cli/launch/process_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "cli/launch/clock.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/process_tree.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kGrace = 10 * kSecond;  // between asking a late task to end and killing it

// Standard streams of a task: nothing in, everything into its log.
void RedirectStreams(const std::string& log) {
  const int null = open("/dev/null", O_RDONLY);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (null < 0 || out < 0) {
    SayError(FileError(errno, log, "cannot be written"));
    _exit(kExitUnusable);
  }
  dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
}

}  // namespace

ProcessPool::ProcessPool(int jobs) : jobs_(static_cast<size_t>(std::max(jobs, 1))) {
  sigemptyset(&watched_);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&watched_, signal);
  sigprocmask(SIG_BLOCK, &watched_, &original_mask_);
  BecomeSubreaper();
}

ProcessPool::~ProcessPool() { sigprocmask(SIG_SETMASK, &original_mask_, nullptr); }

void ProcessPool::Start(const PoolTask& task, const OnEnd& on_end) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    SayError(FileError(errno, task.log, "its job cannot be started"));
    return on_end({.id = task.id, .started = false, .timed_out = false, .exit_code = kExitInternalError});
  }
  if (pid == 0) {
    // The supervisor of the job notices when this process dies, and ends the job.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(kExitInternalError);
    setsid();
    sigprocmask(SIG_SETMASK, &original_mask_, nullptr);
    RedirectStreams(task.log);
    _exit(task.body());
  }
  const uint64_t now = MonotonicNs();
  running_.push_back({.pid = pid,
                      .id = task.id,
                      .started_ns = now,
                      .deadline_ns = now + task.timeout_ns,
                      .timed_out = false});
}

void ProcessPool::ReapEnded(const OnEnd& on_end) {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto it =
        std::find_if(running_.begin(), running_.end(), [&](const Running& each) { return each.pid == pid; });
    if (it == running_.end()) continue;
    const Running ended = *it;
    running_.erase(it);
    if (interrupted_) continue;
    on_end({.id = ended.id,
            .started = true,
            .timed_out = ended.timed_out,
            .exit_code = ExitCodeOf(EndFromWaitStatus(status, 0)),
            .duration_ns = MonotonicNs() - ended.started_ns});
  }
}

void ProcessPool::EndLate() {
  const uint64_t now = MonotonicNs();
  for (Running& running : running_) {
    if (now < running.deadline_ns) continue;
    kill(running.pid, running.timed_out ? SIGKILL : SIGTERM);
    running.timed_out = true;
    running.deadline_ns = now + kGrace;
  }
}

void ProcessPool::EndAll() {
  interrupted_ = true;
  for (Running& running : running_) {
    running.deadline_ns = 0;
    running.timed_out = false;
  }
}

void ProcessPool::WaitForEvents() {
  uint64_t next = MonotonicNs() + kSecond;
  for (const Running& running : running_) next = std::min(next, running.deadline_ns);
  const uint64_t now = MonotonicNs();
  const uint64_t wait_ns = next > now ? next - now : 1;
  const timespec timeout{.tv_sec = static_cast<time_t>(wait_ns / kSecond),
                         .tv_nsec = static_cast<long>(wait_ns % kSecond)};
  const int signal = sigtimedwait(&watched_, nullptr, &timeout);
  if (signal > 0 && signal != SIGCHLD) EndAll();
}

bool ProcessPool::Run(const Next& next, const OnEnd& on_end) {
  for (;;) {
    while (!interrupted_ && running_.size() < jobs_) {
      const std::optional<PoolTask> task = next();
      if (!task.has_value()) break;
      Start(*task, on_end);
    }
    if (running_.empty()) return !interrupted_;
    WaitForEvents();
    ReapEnded(on_end);
    EndLate();
  }
}

}  // namespace rankle::cli
