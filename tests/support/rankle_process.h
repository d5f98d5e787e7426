// Runs the built `rankle` command in end-to-end tests. Every wait is for a condition, with a generous limit.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace rankle::testing {

// What a finished process left.
struct Finished {
  int exit_code = -1;  // 128 + signal when it was killed
  std::string out, err;
  int64_t peak_mib = 0;  // resident memory at its highest
};

// A temporary directory, removed at the end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  std::string Path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// A rankle command that runs; its streams are files in a scratch directory.
class RankleProcess {
 public:
  // `input` is what standard input delivers.
  explicit RankleProcess(const std::vector<std::string>& arguments, const std::string& input = "");
  ~RankleProcess();
  pid_t pid() const { return pid_; }
  std::string out() const;
  std::string err() const;
  void Signal(int signal) const;
  // Waits for the end; kills it and fails the test after `limit_s`.
  Finished Wait(int limit_s = 60);

 private:
  ScratchDirectory streams_;
  pid_t pid_ = -1;
  bool ended_ = false;
};

Finished RunRankle(const std::vector<std::string>& arguments, const std::string& input = "");

// Waits until the condition holds; false after `limit_s`.
bool WaitUntil(const std::function<bool()>& condition, int limit_s = 30);

std::string ReadWhole(const std::string& path);
// Pids of live processes whose environment or command line holds `mark`.
std::vector<pid_t> ProcessesWith(const std::string& mark);
// How many lines a text has.
int Lines(const std::string& text);

}  // namespace rankle::testing
