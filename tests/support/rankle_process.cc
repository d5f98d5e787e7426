#include "tests/support/rankle_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

namespace rankle::testing {

namespace fs = std::filesystem;

ScratchDirectory::ScratchDirectory() {
  std::string pattern = (fs::temp_directory_path() / "rankle-e2e-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

RankleProcess::RankleProcess(const std::vector<std::string>& arguments, const std::string& input) {
  std::ofstream(streams_.Path("in")) << input;
  pid_ = fork();
  if (pid_ != 0) return;
  setpgid(0, 0);
  dup2(open(streams_.Path("in").c_str(), O_RDONLY), STDIN_FILENO);
  dup2(open(streams_.Path("out").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDOUT_FILENO);
  dup2(open(streams_.Path("err").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
  std::vector<char*> pointers{const_cast<char*>(RANKLE_BINARY)};
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  execv(RANKLE_BINARY, pointers.data());
  _exit(127);
}

RankleProcess::~RankleProcess() {
  if (ended_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string RankleProcess::out() const { return ReadWhole(streams_.Path("out")); }
std::string RankleProcess::err() const { return ReadWhole(streams_.Path("err")); }
void RankleProcess::Signal(int signal) const { kill(pid_, signal); }

Finished RankleProcess::Wait(int limit_s) {
  int status = 0;
  rusage usage{};
  ended_ = WaitUntil([&] { return wait4(pid_, &status, WNOHANG, &usage) == pid_; }, limit_s);
  if (!ended_) {
    ADD_FAILURE() << "rankle has not ended after " << limit_s << " s; stderr: " << err();
    return {};
  }
  return {.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
          .out = out(),
          .err = err(),
          .peak_mib = usage.ru_maxrss / 1024};
}

Finished RunRankle(const std::vector<std::string>& arguments, const std::string& input) {
  return RankleProcess(arguments, input).Wait();
}

bool WaitUntil(const std::function<bool()>& condition, int limit_s) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(limit_s);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::vector<pid_t> ProcessesWith(const std::string& mark) {
  std::vector<pid_t> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), ::isdigit)) continue;
    const std::string path = entry.path().string();
    // A zombie has neither, so only live processes are found.
    if (ReadWhole(path + "/environ").find(mark) != std::string::npos ||
        ReadWhole(path + "/cmdline").find(mark) != std::string::npos) {
      found.push_back(atoi(name.c_str()));
    }
  }
  return found;
}

int Lines(const std::string& text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace rankle::testing
