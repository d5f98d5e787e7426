#include "cli/campaign/command_output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

struct Pipe {
  FileDescriptor read, write;
};
absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return FileError(errno, "a pipe", "cannot be made");
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// Reads both streams until the program has closed them.
void Drain(std::array<FileDescriptor*, 2> streams, std::array<std::string, 2>& texts) {
  for (;;) {
    std::array<pollfd, 2> waits{};
    int open = 0;
    for (size_t i = 0; i < streams.size(); ++i) {
      waits[i] = {.fd = streams[i]->is_open() ? streams[i]->get() : -1, .events = POLLIN, .revents = 0};
      open += streams[i]->is_open() ? 1 : 0;
    }
    if (open == 0) return;
    if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    for (size_t i = 0; i < streams.size(); ++i) {
      if (waits[i].revents == 0) continue;
      char block[4096];
      const ssize_t got = read(streams[i]->get(), block, sizeof(block));
      if (got > 0) texts[i].append(block, static_cast<size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR)) streams[i]->Close();
    }
  }
}

}  // namespace

absl::StatusOr<std::string> CommandOutput(const std::vector<std::string>& command) {
  absl::StatusOr<Pipe> out = MakePipe(), err = MakePipe();
  if (!out.ok()) return out.status();
  if (!err.ok()) return err.status();
  std::vector<char*> pointers;
  for (const std::string& word : command) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  constexpr int kNoProgram = 127;
  const pid_t pid = fork();
  if (pid < 0) return FileError(errno, command.front(), "cannot be started");
  if (pid == 0) {
    dup2(out->write.get(), STDOUT_FILENO);
    dup2(err->write.get(), STDERR_FILENO);
    sigset_t none;  // the runner waits for its signals by mask; the program shall not
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execvp(pointers[0], pointers.data());
    _exit(kNoProgram);
  }
  out->write.Close();
  err->write.Close();
  std::array<std::string, 2> texts;
  Drain({&out->read, &err->read}, texts);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return texts[0];
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoProgram && texts[1].empty())
    return absl::NotFoundError(Cat(command.front(), ": no such program; is it installed here?"));
  const std::string said(absl::StripAsciiWhitespace(texts[1]));
  return absl::UnavailableError(
      Cat(command.front(), ": ", said.empty() ? "it failed and said nothing" : said));
}

}  // namespace rankle::cli
