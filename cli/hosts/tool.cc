#include "cli/hosts/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/launch/clock.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr int kNotStarted = 127;
constexpr size_t kMostSaid = 65536;
// A tool takes milliseconds; where the kernel is busy with taking namespaces down, it may wait for a lock for
// seconds.
constexpr uint64_t kLongestNs = 20'000'000'000;
constexpr int kKilledMs = 1000;  // signals are seen at once by whatever can see them

// The child's life between fork and exec.
[[noreturn]] void BecomeTool(char* const* words, int net_namespace, int out) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(out, STDERR_FILENO);
  dup2(out, STDOUT_FILENO);
  if (net_namespace < 0 || setns(net_namespace, CLONE_NEWNET) == 0) execvp(words[0], words);
  dprintf(out, "%s", strerror(errno));
  _exit(kNotStarted);
}

bool EndsWithin(pid_t pid, int ms) {
  const FileDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  pollfd source{.fd = process.get(), .events = POLLIN, .revents = 0};
  return !process.is_open() || poll(&source, 1, ms) != 0;
}

// What a tool says until it closes its output, or until the deadline: then `late` is set.
std::string ReadToEnd(int fd, uint64_t deadline_ns, bool& late) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const uint64_t now = MonotonicNs();
    pollfd source{.fd = fd, .events = POLLIN, .revents = 0};
    const int left_ms = now < deadline_ns ? static_cast<int>((deadline_ns - now) / 1'000'000) + 1 : 0;
    const int ready = poll(&source, 1, left_ms);
    if (ready < 0 && errno == EINTR) continue;
    late = ready == 0;
    const ssize_t count = late ? 0 : read(fd, buffer, sizeof(buffer));
    if (count <= 0) return std::string(absl::StripAsciiWhitespace(text));
    if (text.size() < kMostSaid) text.append(buffer, static_cast<size_t>(count));
  }
}

}  // namespace

absl::Status RunTool(const std::vector<std::string>& words, int net_namespace) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot start a tool: no pipe");
  FileDescriptor in(ends[0]), out(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, Cat("cannot start ", words[0]));
  if (pid == 0) BecomeTool(pointers.data(), net_namespace, out.get());
  out.Close();
  bool late = false;
  std::string said = ReadToEnd(in.get(), MonotonicNs() + kLongestNs, late);
  if (late) {
    kill(pid, SIGKILL);
    said = "has not ended after 20 s and was killed";
    // What waits for a lock of the kernel does not die before it has it: whoever adopts it when this process
    // ends need not mind.
    if (!EndsWithin(pid, kKilledMs))
      return absl::DeadlineExceededError(
          Cat("`", absl::StrJoin(words, " "), "`: ", said, "; it is stuck in the kernel"));
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InternalError(Cat("`", absl::StrJoin(words, " "), "`: ", said.empty() ? "failed" : said));
}

}  // namespace rankle::cli
