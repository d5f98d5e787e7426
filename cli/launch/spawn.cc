#include "cli/launch/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/launch/file_descriptor.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Into a time namespace whose monotonic clocks are off by so much. Returns errno.
int ShiftClock(int64_t offset_ns) {
  if (unshare(CLONE_NEWTIME) != 0) return errno;
  int64_t seconds = offset_ns / 1'000'000'000, rest = offset_ns % 1'000'000'000;
  if (rest < 0) rest += 1'000'000'000, --seconds;
  char text[160];
  const int length = snprintf(text, sizeof(text), "monotonic %lld %lld\nboottime %lld %lld\n",
                              static_cast<long long>(seconds), static_cast<long long>(rest),
                              static_cast<long long>(seconds), static_cast<long long>(rest));
  const int file = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, static_cast<size_t>(length)) != length) return errno;
  close(file);
  const int made = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
  return made >= 0 && setns(made, CLONE_NEWTIME) == 0 ? 0 : errno;
}

// Nobody else sees the mounts, and they go with the last process of the namespace. Returns errno.
int LimitDirectories(const std::vector<LimitedDirectory>& directories) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return errno;
  for (const LimitedDirectory& directory : directories) {
    if (mount("rankle-disk", directory.path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
              directory.options.c_str()) != 0)
      return errno;
  }
  return 0;
}

// Where the process is to run: namespaces, control groups, clock. Returns errno.
int EnterPlace(const SpawnRequest& request) {
  for (const int group : request.group_procs) {
    if (write(group, "0", 1) != 1) return errno;
  }
  for (const int place : request.namespaces) {
    if (setns(place, 0) != 0) return errno;
  }
  if (!request.directories.empty()) {
    if (const int error = LimitDirectories(request.directories); error != 0) return error;
  }
  return request.clock_offset_ns != 0 ? ShiftClock(request.clock_offset_ns) : 0;
}

// The child's life between fork and exec; only what is safe there. Returns errno when exec failed.
int BecomeProgram(const SpawnRequest& request, pid_t parent, char* const* arguments, char* const* environment,
                  char* const* shell_arguments) {
  setpgid(0, request.process_group);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent died before the line above took effect
  if (const int error = EnterPlace(request); error != 0) return error;
  if (request.no_input) {
    const int null = open("/dev/null", O_RDONLY);
    if (null < 0) return errno;
    dup2(null, STDIN_FILENO);
    if (null != STDIN_FILENO) close(null);
  }
  if (request.out >= 0) dup2(request.out, STDOUT_FILENO);
  if (request.err >= 0) dup2(request.err, STDERR_FILENO);
  for (const int signal : {SIGPIPE, SIGTTOU, SIGTTIN, SIGTSTP}) ::signal(signal, SIG_DFL);
  sigprocmask(SIG_SETMASK, &request.signal_mask, nullptr);
  execve(request.path.c_str(), arguments, environment);
  if (errno == ENOEXEC) execve("/bin/sh", shell_arguments, environment);  // a script without #!, as shells do
  return errno;
}

absl::Status ExecError(int error_number, const std::string& path) {
  const std::string message = Cat(path, ": cannot be started: ", strerror(error_number));
  if (error_number == ENOENT) {
    return absl::NotFoundError(Cat(message, " (does its interpreter, the #! line, exist?)"));
  }
  if (error_number == EACCES || error_number == ENOEXEC || error_number == EPERM) {
    return absl::PermissionDeniedError(message);
  }
  return absl::UnavailableError(message);
}

}  // namespace

absl::StatusOr<pid_t> Spawn(const SpawnRequest& request) {
  const std::vector<char*> arguments = Pointers(request.arguments);
  const std::vector<char*> environment = Pointers(request.environment);
  std::vector<std::string> shell{"/bin/sh", request.path};
  if (!request.arguments.empty()) {
    shell.insert(shell.end(), request.arguments.begin() + 1, request.arguments.end());
  }
  const std::vector<char*> shell_arguments = Pointers(shell);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot start a process: no pipe");
  FileDescriptor error_in(ends[0]), error_out(ends[1]);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    return absl::UnavailableError(Cat("cannot start a process: ", strerror(errno), " (see `ulimit -u`)"));
  }
  if (pid == 0) {
    const int error =
        BecomeProgram(request, parent, arguments.data(), environment.data(), shell_arguments.data());
    [[maybe_unused]] const ssize_t written = write(error_out.get(), &error, sizeof(error));
    _exit(127);
  }
  setpgid(pid, request.process_group);  // also here: whoever is first, the group exists when Spawn returns
  error_out.Close();
  int error = 0;
  ssize_t count;
  do {
    count = read(error_in.get(), &error, sizeof(error));
  } while (count < 0 && errno == EINTR);
  if (count == 0) return pid;  // closed by exec
  waitpid(pid, nullptr, 0);
  return ExecError(count == sizeof(error) ? error : EIO, request.path);
}

}  // namespace rankle::cli
