#include "cli/launch/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/launch/message.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

// A helper that dies again and again has a reason that another one will not overcome.
constexpr int kMostReplacements = 10;

struct Pair {
  FileDescriptor source, end;
};

absl::StatusOr<Pair> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "no pipe");
  return Pair{.source = FileDescriptor(ends[0]), .end = FileDescriptor(ends[1])};
}

void CopySize(int from, int to) {
  winsize size;
  if (ioctl(from, TIOCGWINSZ, &size) == 0) ioctl(to, TIOCSWINSZ, &size);
}

// Looks like the user's terminal, except that it leaves the bytes alone: the real one turns \n into \r\n.
absl::StatusOr<Pair> MakeTerminal(int user_stream) {
  FileDescriptor master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  char name[64];
  if (!master.is_open() || grantpt(master.get()) != 0 || unlockpt(master.get()) != 0 ||
      ptsname_r(master.get(), name, sizeof(name)) != 0) {
    return absl::ErrnoToStatus(errno, "no pseudo-terminal");
  }
  FileDescriptor end(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!end.is_open()) return absl::ErrnoToStatus(errno, Cat(name, ": cannot be opened"));
  termios settings;
  if (tcgetattr(user_stream, &settings) == 0) {
    settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    tcsetattr(end.get(), TCSANOW, &settings);
  }
  CopySize(user_stream, end.get());
  return Pair{.source = std::move(master), .end = std::move(end)};
}

}  // namespace

absl::Status Capture::OpenOne(int user_stream, size_t log, FileDescriptor& end) {
  const bool terminal = isatty(user_stream);
  absl::StatusOr<Pair> pair = terminal ? MakeTerminal(user_stream) : MakePipe();
  if (!pair.ok()) return pair.status();
  streams_.push_back({.source = pair->source.get(), .destination = user_stream, .log = log});
  sources_.push_back(std::move(pair->source));
  is_terminal_.push_back(terminal);
  end = std::move(pair->end);
  return absl::OkStatus();
}

absl::StatusOr<Capture::Ends> Capture::Open(const std::string& log_name) {
  Ends ends;
  if (const auto kept = kept_.find(log_name); kept != kept_.end()) {
    ends = std::move(kept->second);
    kept_.erase(kept);
    return ends;
  }
  const size_t before = streams_.size();
  absl::Status status = OpenOne(STDOUT_FILENO, log_names_.size(), ends.out);
  if (status.ok()) status = OpenOne(STDERR_FILENO, log_names_.size(), ends.err);
  if (!status.ok()) {
    streams_.resize(before), sources_.resize(before), is_terminal_.resize(before);
    return status;
  }
  log_names_.push_back(log_name);
  return ends;
}

void Capture::Start() {
  helper_ = 0;
  bool anything = false;
  for (const TeeStream& stream : streams_) anything |= stream.source >= 0;
  if (!anything) return;
  const pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    ReleaseKept();
    _exit(RunTee(streams_, log_directory_, log_names_));
  }
  if (pid > 0) {
    helper_ = pid;
    return;
  }
  Say("what the job prints cannot be passed on: out of processes");
  CloseSources(STDOUT_FILENO), CloseSources(STDERR_FILENO);
}

void Capture::CloseSources(int destination) {
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].destination != destination) continue;
    streams_[i].source = -1;
    sources_[i].Close();
  }
}

void Capture::ReleaseInChild() { CloseSources(STDOUT_FILENO), CloseSources(STDERR_FILENO), ReleaseKept(); }

void Capture::OnHelperEnd(int wait_status) {
  const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
  helper_ = 0;
  if (code == kTeeDone) return;
  if (code == kTeeLostStdout) CloseSources(STDOUT_FILENO);
  if (code == kTeeLostStderr) CloseSources(STDERR_FILENO);
  if (code != kTeeLostStdout && code != kTeeLostStderr && ++replaced_ > kMostReplacements) {
    CloseSources(STDOUT_FILENO), CloseSources(STDERR_FILENO);
  }
  Start();
}

void Capture::CopyWindowSize() const {
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (is_terminal_[i] && streams_[i].source >= 0) CopySize(streams_[i].destination, streams_[i].source);
  }
}

}  // namespace rankle::cli
