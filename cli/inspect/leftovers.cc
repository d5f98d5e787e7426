#include "cli/inspect/leftovers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/numbers.h"
#include "cli/launch/clock.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/files.h"
#include "cli/launch/process_tree.h"
#include "cli/launch/run_record.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

// As long as `rankle run` gives to what outlives its command.
constexpr uint64_t kGraceNs = 2'000'000'000, kKillNs = 5'000'000'000;

std::string_view Value(std::string_view environment, std::string_view name) {
  while (!environment.empty()) {
    const std::string_view entry = environment.substr(0, environment.find('\0'));
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return entry.substr(name.size() + 1);
    environment.remove_prefix(std::min(entry.size() + 1, environment.size()));
  }
  return {};
}

bool IsRankle(pid_t pid) {
  std::error_code error;
  const std::string name = fs::read_symlink(Cat("/proc/", pid, "/exe"), error).filename().string();
  return !error && (name == "rankle" || name == "rankle (deleted)");
}

bool IsUnderRankle(pid_t pid) {
  for (pid_t at = pid; at > 1; at = ParentOf(at)) {
    if (at != pid && IsRankle(at)) return true;
  }
  return false;
}

bool IsFree(const std::string& directory) {
  const FileDescriptor probe(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return probe.is_open() && flock(probe.get(), LOCK_SH | LOCK_NB) == 0;
}

RunTraces TracesOf(pid_t pid, const RunMark& mark) {
  RunTraces traces{.under_rankle = IsUnderRankle(pid),
                   .is_this_hosts = false,
                   .last_job_id = 0,
                   .directory_is_free = IsFree(mark.output_dir)};
  const absl::StatusOr<RunRecord> record = ReadRunRecord(mark.output_dir);
  if (!record.ok()) return traces;
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  traces.is_this_hosts = record->host == host;
  traces.last_job_id = record->job_id;
  return traces;
}

bool IsOurs(const std::string& process_directory) {
  struct stat info;
  return stat(process_directory.c_str(), &info) == 0 && info.st_uid == geteuid();
}

// Signals those that still run; true when none does.
bool Signal(const std::vector<Leftover>& leftovers, int signal) {
  bool all_gone = true;
  for (const Leftover& leftover : leftovers) {
    if (!IsRunning(leftover.pid)) continue;
    all_gone = false;
    kill(leftover.pid, signal);
  }
  return all_gone;
}

bool WaitUntilGone(const std::vector<Leftover>& leftovers, uint64_t for_ns) {
  const uint64_t deadline = MonotonicNs() + for_ns;
  while (!Signal(leftovers, 0)) {
    if (MonotonicNs() > deadline) return false;
    usleep(10'000);
  }
  return true;
}

}  // namespace

std::optional<RunMark> RunMarkOf(std::string_view environment) {
  RunMark mark{.output_dir = std::string(Value(environment, "RANKLE_OUT")), .job_id = 0};
  const std::string_view job_id = Value(environment, "RANKLE_JOB_ID");
  if (mark.output_dir.empty() ||
      !absl::SimpleHexAtoi(absl::string_view(job_id.data(), job_id.size()), &mark.job_id))
    return std::nullopt;
  return mark;
}

bool IsOver(const RunMark& mark, const RunTraces& traces) {
  if (traces.under_rankle || !traces.is_this_hosts) return false;
  return traces.last_job_id != mark.job_id || traces.directory_is_free;
}

std::vector<Leftover> FindLeftovers() {
  std::vector<Leftover> found;
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    pid_t pid = 0;
    const std::string directory = it->path().string();
    if (!absl::SimpleAtoi(it->path().filename().string(), &pid) || pid == getpid() || !IsOurs(directory))
      continue;
    const absl::StatusOr<std::string> environment = ReadFile(Cat(directory, "/environ"));
    if (!environment.ok()) continue;
    const std::optional<RunMark> mark = RunMarkOf(*environment);
    if (mark && IsOver(*mark, TracesOf(pid, *mark)))
      found.push_back({.pid = pid, .output_dir = mark->output_dir});
  }
  return found;
}

size_t EndLeftovers(const std::vector<Leftover>& leftovers) {
  Signal(leftovers, SIGTERM);
  Signal(leftovers, SIGCONT);  // a stopped process would sleep through the request
  if (WaitUntilGone(leftovers, kGraceNs)) return 0;
  Signal(leftovers, SIGKILL);
  WaitUntilGone(leftovers, kKillNs);
  return static_cast<size_t>(std::count_if(leftovers.begin(), leftovers.end(),
                                           [](const Leftover& leftover) { return IsRunning(leftover.pid); }));
}

}  // namespace rankle::cli
