#include "cli/hosts/control_groups.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/files.h"
#include "cli/launch/installation.h"
#include "cli/launch/text.h"
#include "tracer/kernel/cgroup_mounts.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;
using host::Controller;
using kernel::CgroupMount;
using kernel::DirectoryIn;
using kernel::HasWord;
using kernel::MayHave;

constexpr int kRemoveAttempts = 50;  // a process that has just left is counted for some milliseconds more
constexpr useconds_t kRemovePauseUs = 10'000;

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

std::string OwnGroupOfVersion2() {
  const Hierarchies hierarchies = OwnHierarchies();
  for (const CgroupMount& mount : kernel::CgroupMounts(hierarchies.mountinfo)) {
    if (mount.version == 2) return DirectoryIn(mount, "", hierarchies.cgroup);
  }
  return "";
}

std::string NameOf(Controller controller) { return std::string(host::ControllerName(controller)); }

Controller ControllerOfMount(const CgroupMount& mount) {
  for (const Controller controller : {Controller::kCpu, Controller::kMemory}) {
    if (mount.version == 1 && MayHave(mount, NameOf(controller))) return controller;
  }
  return Controller::kCore;
}

// A file of a group that holds words; "" where there is none.
std::string ReadWords(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  return text.ok() ? *text : "";
}

bool HandsOn(const std::string& directory, const std::string& controller) {
  return HasWord(ReadWords(Cat(directory, "/cgroup.subtree_control")), controller, ' ');
}

// Of version 2: the group below which groups can have the controller. A group that has processes hands none
// on (but for the root, which has no type), so it is the group above: what limits ours then does not limit
// them.
absl::StatusOr<std::string> PlaceInVersion2(const CgroupMount& mount, const std::string& own,
                                            const std::string& controller) {
  if (HandsOn(own, controller) || !FileExists(Cat(own, "/cgroup.type"))) return own;
  const std::string above = fs::path(own).parent_path().string();
  if (own != mount.point && HandsOn(above, controller)) return above;
  return absl::FailedPreconditionError(
      Cat(own, ": a control group with processes cannot hand ", controller,
          " on to groups below it: move its processes into one of these (mkdir ", own,
          "/all; for p in $(cat ", own, "/cgroup.procs); do echo $p > ", own,
          "/all/cgroup.procs; done), and echo +", controller, " > ", own, "/cgroup.subtree_control"));
}

}  // namespace

Hierarchies OwnHierarchies() { return {ReadWords("/proc/self/mountinfo"), ReadWords("/proc/self/cgroup")}; }

absl::StatusOr<ControlGroup> PlaceOfGroups(Controller controller, const Hierarchies& hierarchies) {
  const std::string name = NameOf(controller);
  for (const CgroupMount& mount : kernel::CgroupMounts(hierarchies.mountinfo)) {
    if (!MayHave(mount, name)) continue;
    std::string own = DirectoryIn(mount, name, hierarchies.cgroup);
    if (own.empty()) continue;
    std::error_code error;
    if (!fs::exists(own, error)) own = mount.point;  // a mount of another namespace
    if (mount.version == 1 || name.empty()) return ControlGroup{controller, mount.version, own};
    if (!HasWord(ReadWords(Cat(own, "/cgroup.controllers")), name, ' ')) continue;
    absl::StatusOr<std::string> place = PlaceInVersion2(mount, own, name);
    if (!place.ok()) return place.status();
    return ControlGroup{controller, mount.version, *std::move(place)};
  }
  return absl::FailedPreconditionError(
      name.empty()
          ? "no control groups of version 2 are mounted: mount -t cgroup2 none /sys/fs/cgroup/unified"
          : Cat("no control group has the ", name, " controller: mount it, or run where it is delegated"));
}

absl::Status MakeGroup(const ControlGroup& group) {
  const std::string above = fs::path(group.directory).parent_path().string(), name = NameOf(group.controller);
  if (group.version == 2 && !name.empty() && !HandsOn(above, name)) {
    if (absl::Status status = WriteText(Cat(above, "/cgroup.subtree_control"), Cat("+", name)); !status.ok())
      return status;
  }
  // Of version 2, one group serves all controllers.
  if (mkdir(group.directory.c_str(), 0755) == 0 || (group.version == 2 && errno == EEXIST))
    return absl::OkStatus();
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
  const std::string own = group.version == 2 ? OwnGroupOfVersion2() : "";
  for (int attempt = 0; attempt < kRemoveAttempts; ++attempt) {
    for (const pid_t pid : ProcessesIn(group)) {
      // It may end meanwhile. A group of version 2 that hands controllers on takes no processes: ours does.
      if (!WriteText(above, Cat(pid)).ok() && !own.empty())
        (void)WriteText(Cat(own, "/cgroup.procs"), Cat(pid));
    }
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
  for (const CgroupMount& mount : kernel::CgroupMounts(OwnHierarchies().mountinfo)) {
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
