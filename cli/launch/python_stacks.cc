#include "cli/launch/python_stacks.h"

#include <signal.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/launch/clock.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr uint64_t kPatienceNs = 1'000'000'000;
// Written in pieces, a line or less at a time: quiet for so long, it is whole.
constexpr uint64_t kQuietNs = 60'000'000;

struct Asked {
  std::string path;
  uintmax_t size_before = 0, size = 0;
};

// Does the process have a handler for the signal? One that has not would be ended by it; so would a stranger
// with the number of a process that is gone.
bool Awaits(pid_t pid, int signal_number) {
  std::ifstream status(Cat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    constexpr std::string_view kCaught = "SigCgt:\t";
    if (!line.starts_with(kCaught)) continue;
    return (strtoull(line.c_str() + kCaught.size(), nullptr, 16) >> (signal_number - 1) & 1) != 0;
  }
  return false;
}

uintmax_t SizeOf(const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

// Asks the process whose file this is; false when it cannot be asked.
bool Ask(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return false;
  const nlohmann::json header = nlohmann::json::parse(line, nullptr, false);
  if (!header.is_object() || !header.contains("pid") || !header["pid"].is_number_integer() ||
      !header.contains("signal") || !header["signal"].is_number_integer()) {
    return false;
  }
  const auto pid = header["pid"].get<pid_t>();
  const auto signal_number = header["signal"].get<int>();
  if (pid <= 1 || signal_number < SIGRTMIN || signal_number > SIGRTMAX || !Awaits(pid, signal_number))
    return false;
  return kill(pid, signal_number) == 0;
}

}  // namespace

void AskForPythonStacks(const std::string& output_dir) {
  std::vector<Asked> asked;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(output_dir, error)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() != ".stacks") continue;
    const uintmax_t size = SizeOf(path);
    if (Ask(path)) asked.push_back({.path = path, .size_before = size, .size = size});
  }
  uint64_t now = MonotonicNs();
  const uint64_t deadline = now + kPatienceNs;
  for (uint64_t last_change = now; now < deadline; now = MonotonicNs()) {
    bool all_have_answered = true;
    for (Asked& one : asked) {
      const uintmax_t size = SizeOf(one.path);
      if (size != one.size) one.size = size, last_change = now;
      all_have_answered &= one.size > one.size_before;
    }
    if (all_have_answered && now - last_change >= kQuietNs) return;
    const timespec a_moment{.tv_sec = 0, .tv_nsec = 10'000'000};
    nanosleep(&a_moment, nullptr);
  }
}

}  // namespace rankle::cli
