// The processes below this one, and how to end all of them. For a child subreaper: whatever the job started,
// however it daemonised, stays below the process that called BecomeSubreaper.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace rankle::cli {

void BecomeSubreaper();

// True while the process exists and is no zombie.
bool IsRunning(pid_t pid);
// 0 when there is no such process, or it has no parent here.
pid_t ParentOf(pid_t pid);

// All processes below `root`, zombies and `spared` left out.
std::vector<pid_t> Descendants(pid_t root, const std::vector<pid_t>& spared = {});

// Sends `signal` to everything below this process, `spared` excepted.
void SignalDescendants(int signal, const std::vector<pid_t>& spared = {});

// Kills everything below this process, `spared` excepted, again and again until nothing is left, and reaps
// it; `reaped` hears of each child. SIGCHLD must be blocked. Returns false when something outlived
// `timeout_ns` (stuck in the kernel).
bool KillDescendants(uint64_t timeout_ns, const std::function<void(pid_t, int wait_status)>& reaped,
                     const std::vector<pid_t>& spared = {});

}  // namespace rankle::cli
