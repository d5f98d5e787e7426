// Tasks in processes of their own, several at a time: what suites and campaigns run their jobs with. A task
// ends with the pool's process, whatever kills it; one that outlives its limit is asked to end, then made to.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rankle::cli {

struct PoolTask {
  size_t id = 0;              // the caller's
  std::function<int()> body;  // runs in the child, in a session of its own; returns the exit code
  uint64_t timeout_ns = 0;
  std::string log;  // takes what the child prints; its directory exists
};

struct PoolTaskEnd {
  size_t id = 0;
  bool started = false;  // false: no process could be made, which was said
  bool timed_out = false;
  int exit_code = 0;  // 128 + signal
  uint64_t duration_ns = 0;
};

// Blocks SIGCHLD and the signals that ask to end for as long as it lives; makes this process a subreaper.
// One at a time in a process.
class ProcessPool {
 public:
  // The next task; none: there is nothing to start now. Asked again after each end.
  using Next = std::function<std::optional<PoolTask>()>;
  using OnEnd = std::function<void(const PoolTaskEnd&)>;

  explicit ProcessPool(int jobs);
  ~ProcessPool();
  ProcessPool(const ProcessPool&) = delete;
  ProcessPool& operator=(const ProcessPool&) = delete;

  // Until nothing runs and there is nothing to start. False when a signal ended it early: what ran then is
  // ended, and not reported.
  bool Run(const Next& next, const OnEnd& on_end);

 private:
  struct Running {
    pid_t pid = 0;
    size_t id = 0;
    uint64_t started_ns = 0, deadline_ns = 0;
    bool timed_out = false;
  };
  void Start(const PoolTask& task, const OnEnd& on_end);
  void WaitForEvents();
  void ReapEnded(const OnEnd& on_end);
  void EndLate();
  void EndAll();

  size_t jobs_;
  std::vector<Running> running_;
  sigset_t watched_, original_mask_;
  bool interrupted_ = false;
};

}  // namespace rankle::cli
