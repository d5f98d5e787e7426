#include "cli/launch/output_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "cli/launch/files.h"
#include "cli/launch/run_record.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

// "job.log", "rank12.end.log": what capture.h writes.
bool IsCapturedLog(std::string_view name) {
  if (!name.ends_with(".log")) return false;
  name.remove_suffix(4);
  for (const std::string_view part : {".end", ".middle"}) {
    if (name.ends_with(part)) name.remove_suffix(part.size());
  }
  if (name == "job") return true;
  return name.starts_with("rank") && name.size() > 4 &&
         std::all_of(name.begin() + 4, name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Names that only a run of rankle gives.
bool IsOurs(const std::string& name) {
  return (name.starts_with("flight-") && name.ends_with(".rkl")) ||
         (name.starts_with("python-") && name.ends_with(".stacks")) || name.starts_with("torch-fr-") ||
         (name.starts_with("nccl-") && name.ends_with(".log")) ||
         (name.starts_with("transport-") && name.ends_with(".rkt")) ||
         (name.starts_with("kernels-") && name.ends_with(".rkd")) ||
         (name.starts_with("sites-") && name.ends_with(".rks")) ||
         (name.starts_with("points-") && name.ends_with(".rkp")) || name == "plan.armed" ||
         name == kHooksLink || name == kLibcLink || name == kVirtualGpusLink;
}

// Names that a run gives and others may, too.
bool MayBeOurs(const std::string& name) {
  return IsCapturedLog(name) || name == "run.json" || name == "digest.json" || name == "events.jsonl" ||
         name == "plan.txt" || name == "control";
}

absl::Status RemoveEarlierRun(const fs::path& directory) {
  std::vector<fs::path> ours, perhaps;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (IsOurs(name)) ours.push_back(entry->path());
    if (MayBeOurs(name)) perhaps.push_back(entry->path());
  }
  if (error) return FileError(error.value(), directory.string(), "cannot be listed");
  if (ours.empty() && !perhaps.empty() && !ReadRunRecord(directory.string()).ok()) {
    return absl::FailedPreconditionError(
        Cat(perhaps.front().string(),
            ": would be replaced, and is not known to be of an earlier run of rankle; "
            "choose another place with -o"));
  }
  ours.insert(ours.end(), perhaps.begin(), perhaps.end());
  for (const fs::path& path : ours) {
    fs::remove(path, error);
    if (error) return FileError(error.value(), path.string(), "of an earlier run cannot be removed");
  }
  return absl::OkStatus();
}

absl::Status CheckSpace(const std::string& directory, uint64_t bytes_needed) {
  struct statvfs info;
  if (statvfs(directory.c_str(), &info) != 0) return absl::OkStatus();
  const uint64_t available = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  if (available >= bytes_needed) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "%s: the disk is full: the flight records may need %.1f MiB, %.1f MiB are free; choose another place "
      "with -o, "
      "smaller records with --records, or --no-trace",
      directory, static_cast<double>(bytes_needed) / (1 << 20), static_cast<double>(available) / (1 << 20)));
}

// Where the file system knows no locks of directories, runs are not kept apart.
absl::StatusOr<FileDescriptor> Lock(const std::string& directory) {
  FileDescriptor lock(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.is_open()) return FileError(errno, directory, "cannot be opened as output directory");
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return absl::FailedPreconditionError(
        Cat(directory,
            ": another run writes there now; wait for its end, choose another place with -o, or, on "
            "several nodes of one job, tell them apart with --node"));
  }
  return lock;
}

std::string NameWithDate(std::string_view prefix, uint64_t realtime_ns, int pid) {
  const time_t seconds = static_cast<time_t>(realtime_ns / 1'000'000'000);
  tm local;
  localtime_r(&seconds, &local);
  char date[32];
  strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &local);
  return Cat(prefix, date, "-", pid);
}

}  // namespace

std::string DefaultOutputDirectory(uint64_t realtime_ns, int pid) {
  return NameWithDate("rankle-out/", realtime_ns, pid);
}

std::string SuiteOutputDirectory(uint64_t realtime_ns, int pid) {
  return NameWithDate("rankle-out/suite-", realtime_ns, pid);
}

std::string CampaignOutputDirectory(uint64_t realtime_ns, int pid) {
  return NameWithDate("rankle-out/campaign-", realtime_ns, pid);
}

absl::StatusOr<OutputDirectory> PrepareOutputDirectory(const std::string& path, uint64_t bytes_needed) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    return FileError(error.value(), path, "cannot be created as output directory; choose another with -o");
  if (access(path.c_str(), W_OK | X_OK) != 0) {
    return FileError(errno, path, "cannot be written as output directory; choose another with -o");
  }
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  absl::StatusOr<FileDescriptor> lock = Lock(absolute.string());
  if (!lock.ok()) return lock.status();
  if (absl::Status status = RemoveEarlierRun(absolute); !status.ok()) return status;
  if (absl::Status status = CheckSpace(absolute.string(), bytes_needed); !status.ok()) return status;
  return OutputDirectory{.path = absolute.string(), .lock = *std::move(lock)};
}

}  // namespace rankle::cli
