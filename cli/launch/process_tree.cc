#include "cli/launch/process_tree.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "cli/launch/clock.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

struct Status {
  char state = '?';
  pid_t parent = 0;
};

std::optional<Status> ReadStatus(pid_t pid) {
  const absl::StatusOr<std::string> stat = ReadFile(Cat("/proc/", pid, "/stat"));
  if (!stat.ok()) return std::nullopt;
  // "pid (name) state parent ...": the name may hold blanks and brackets, its last bracket ends it.
  const size_t name_end = stat->rfind(')');
  Status status;
  if (name_end == std::string::npos ||
      sscanf(stat->c_str() + name_end + 1, " %c %d", &status.state, &status.parent) != 2) {
    return std::nullopt;
  }
  return status;
}

bool IsDead(char state) { return state == 'Z' || state == 'X'; }

absl::flat_hash_map<pid_t, std::vector<pid_t>> LiveChildren() {
  absl::flat_hash_map<pid_t, std::vector<pid_t>> children;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (!proc) return children;
  while (const dirent* entry = readdir(proc.get())) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry->d_name, &pid)) continue;
    const std::optional<Status> status = ReadStatus(pid);
    if (status && !IsDead(status->state)) children[status->parent].push_back(pid);
  }
  return children;
}

void ReapAll(const std::function<void(pid_t, int)>& reaped) {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) reaped(pid, status);
}

}  // namespace

void BecomeSubreaper() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

bool IsRunning(pid_t pid) {
  const std::optional<Status> status = ReadStatus(pid);
  return status && !IsDead(status->state);
}

pid_t ParentOf(pid_t pid) {
  const std::optional<Status> status = ReadStatus(pid);
  return status ? status->parent : 0;
}

std::vector<pid_t> Descendants(pid_t root, const std::vector<pid_t>& spared) {
  const auto children = LiveChildren();
  std::vector<pid_t> found;
  const auto add_children = [&](pid_t parent) {
    if (const auto it = children.find(parent); it != children.end()) {
      found.insert(found.end(), it->second.begin(), it->second.end());
    }
  };
  add_children(root);
  for (size_t i = 0; i < found.size(); ++i) add_children(found[i]);
  std::erase_if(found,
                [&](pid_t pid) { return std::find(spared.begin(), spared.end(), pid) != spared.end(); });
  return found;
}

void SignalDescendants(int signal, const std::vector<pid_t>& spared) {
  for (const pid_t pid : Descendants(getpid(), spared)) kill(pid, signal);
}

bool KillDescendants(uint64_t timeout_ns, const std::function<void(pid_t, int)>& reaped,
                     const std::vector<pid_t>& spared) {
  const uint64_t deadline = MonotonicNs() + timeout_ns;
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  for (;;) {
    const std::vector<pid_t> alive = Descendants(getpid(), spared);
    for (const pid_t pid : alive) kill(pid, SIGKILL);
    ReapAll(reaped);
    if (alive.empty()) return true;
    if (MonotonicNs() > deadline) return false;
    // Grandchildren reach us only when their parents are gone, so look again at each ended child, and anyway
    // soon.
    const timespec soon{.tv_sec = 0, .tv_nsec = 5'000'000};
    sigtimedwait(&child_ended, nullptr, &soon);
  }
}

}  // namespace rankle::cli
