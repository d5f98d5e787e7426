#include "cli/hosts/control_groups.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;
using host::Controller;

constexpr int kRemoveAttempts = 50;  // a process that has just left is counted for some milliseconds more
constexpr useconds_t kRemovePauseUs = 10'000;

struct Mount {
  int version = 2;
  std::string root, point, options;
};

// mountinfo(5): id parent device root point options ... - type source options
std::vector<Mount> CgroupMounts() {
  std::vector<Mount> mounts;
  const absl::StatusOr<std::string> text = ReadFile("/proc/self/mountinfo");
  if (!text.ok()) return mounts;
  for (const absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<std::string> left = absl::StrSplit(halves.first, ' '),
                                   right = absl::StrSplit(halves.second, ' ');
    if (left.size() < 5 || right.size() < 3 || (right[0] != "cgroup" && right[0] != "cgroup2")) continue;
    mounts.push_back({right[0] == "cgroup" ? 1 : 2, left[3], left[4], right[2]});
  }
  return mounts;
}

bool HasWord(const std::string& list, absl::string_view word, char separator) {
  for (const absl::string_view item : absl::StrSplit(list, absl::ByAnyChar(std::string{separator, '\n'}))) {
    if (item == word) return true;
  }
  return false;
}

// The directory of this process's group in a hierarchy; the mount's root may itself be a group (containers).
std::string OwnDirectory(const Mount& mount, absl::string_view controller) {
  const absl::StatusOr<std::string> text = ReadFile("/proc/self/cgroup");
  if (!text.ok()) return "";
  for (const absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    if (mount.version == 2 ? parts[0] != "0" : !HasWord(parts[1], controller, ',')) continue;
    absl::string_view path = parts[2];
    if (mount.root != "/") absl::ConsumePrefix(&path, mount.root);
    std::error_code error;
    const std::string directory = path == "/" || path.empty() ? mount.point : Cat(mount.point, path);
    return fs::exists(directory, error) ? directory : mount.point;
  }
  return "";
}

absl::Status WriteText(const std::string& path, const std::string& text) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.is_open() && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()))
    return absl::OkStatus();
  return absl::ErrnoToStatus(errno, Cat(path, ": cannot write ", text));
}

uint64_t StartTime(pid_t pid) {
  const absl::StatusOr<std::string> stat = ReadFile(Cat("/proc/", pid, "/stat"));
  if (!stat.ok()) return 0;
  const size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos) return 0;
  const std::vector<std::string> fields = absl::StrSplit(stat->substr(name_end + 1), ' ', absl::SkipEmpty());
  uint64_t start = 0;
  return fields.size() > 19 && fields[0] != "Z" && absl::SimpleAtoi(fields[19], &start) ? start : 0;
}

Controller ControllerOfMount(const Mount& mount) {
  for (const Controller controller : {Controller::kCpu, Controller::kMemory}) {
    const std::string_view name = host::ControllerName(controller);
    if (mount.version == 1 && HasWord(mount.options, {name.data(), name.size()}, ',')) return controller;
  }
  return Controller::kCore;
}

}  // namespace

absl::StatusOr<ControlGroup> OwnGroup(Controller controller) {
  const std::string_view view = host::ControllerName(controller);
  const std::string name(view);
  for (const Mount& mount : CgroupMounts()) {
    if (mount.version == 1 && (name.empty() || !HasWord(mount.options, name, ','))) continue;
    const std::string directory = OwnDirectory(mount, name);
    if (directory.empty()) continue;
    if (mount.version == 2 && !name.empty()) {
      const absl::StatusOr<std::string> has = ReadFile(Cat(directory, "/cgroup.controllers"));
      if (!has.ok() || !HasWord(*has, name, ' ')) continue;
    }
    return ControlGroup{controller, mount.version, directory};
  }
  return absl::FailedPreconditionError(
      name.empty()
          ? "no control groups of version 2 are mounted: mount -t cgroup2 none /sys/fs/cgroup/unified"
          : Cat("no control group has the ", name, " controller: mount it, or run where it is delegated"));
}

absl::Status MakeGroup(const ControlGroup& group) {
  const std::string above = fs::path(group.directory).parent_path().string();
  const std::string_view name = host::ControllerName(group.controller);
  if (group.version == 2 && !name.empty()) {
    if (absl::Status status = WriteText(Cat(above, "/cgroup.subtree_control"), Cat("+", name)); !status.ok())
      return absl::FailedPreconditionError(
          Cat(StdView(status.message()), ": a group with processes cannot hand ", name,
              " on; start rankle in a group of its own (systemd-run --scope -p Delegate=yes)"));
  }
  if (mkdir(group.directory.c_str(), 0755) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, Cat(group.directory, ": cannot be made (run as root)"));
}

absl::Status WriteInto(const ControlGroup& group, const std::vector<host::CgroupWrite>& writes) {
  for (const host::CgroupWrite& write : writes) {
    if (absl::Status status = WriteText(Cat(group.directory, "/", write.file), write.text); !status.ok())
      return status;
  }
  return absl::OkStatus();
}

std::vector<pid_t> ProcessesIn(const ControlGroup& group) {
  std::vector<pid_t> pids;
  const absl::StatusOr<std::string> text = ReadFile(Cat(group.directory, "/cgroup.procs"));
  if (!text.ok()) return pids;
  for (const absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(line, &pid)) pids.push_back(pid);
  }
  return pids;
}

absl::Status RemoveGroup(const ControlGroup& group) {
  // The group may be gone already, and a version 1 group of another controller has no such file: then nothing
  // is in force either.
  (void)WriteInto(group, host::UndoWrites(group.controller, group.version));
  const std::string above = Cat(fs::path(group.directory).parent_path().string(), "/cgroup.procs");
  for (int attempt = 0; attempt < kRemoveAttempts; ++attempt) {
    for (const pid_t pid : ProcessesIn(group)) (void)WriteText(above, Cat(pid));  // it may end meanwhile
    if (rmdir(group.directory.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
    if (errno != EBUSY) break;
    usleep(kRemovePauseUs);
  }
  return absl::ErrnoToStatus(errno, Cat(group.directory, ": cannot be removed"));
}

host::Keeper KeeperOfProcess(pid_t pid) { return {.pid = pid, .start = StartTime(pid)}; }

bool IsAlive(const host::Keeper& keeper) {
  return keeper.start != 0 && StartTime(keeper.pid) == keeper.start;
}

std::vector<ControlGroup> FindGroups(const std::optional<host::Keeper>& wanted) {
  std::vector<ControlGroup> found;
  for (const Mount& mount : CgroupMounts()) {
    std::error_code error;
    for (fs::recursive_directory_iterator
             it(mount.point, fs::directory_options::skip_permission_denied, error),
         end;
         !error && it != end; it.increment(error)) {
      if (!it->is_directory(error)) continue;
      const std::optional<host::Keeper> keeper = host::KeeperOf(it->path().filename().string());
      if (keeper && (wanted ? *keeper == *wanted : !IsAlive(*keeper)))
        found.push_back({ControllerOfMount(mount), mount.version, it->path().string()});
    }
  }
  return found;
}

}  // namespace rankle::cli
