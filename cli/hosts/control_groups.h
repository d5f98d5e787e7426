// Control groups of ranks. They are made below the group that rankle runs in, so that its own limits hold for
// them too; of version 2, where a group that has processes cannot hand controllers on, beside it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "injector/host/cgroup_writes.h"

namespace rankle::cli {

struct ControlGroup {
  host::Controller controller = host::Controller::kCore;
  int version = 2;
  std::string directory;
};

// What /proc/self says of control groups: mountinfo, and the groups that a process is in.
struct Hierarchies {
  std::string mountinfo, cgroup;
};
Hierarchies OwnHierarchies();
// The group below which groups with this controller can be made; an error says why there is none.
absl::StatusOr<ControlGroup> PlaceOfGroups(host::Controller controller,
                                           const Hierarchies& hierarchies = OwnHierarchies());

absl::Status MakeGroup(const ControlGroup& group);
absl::Status WriteInto(const ControlGroup& group, const std::vector<host::CgroupWrite>& writes);
std::vector<pid_t> ProcessesIn(const ControlGroup& group);
// Takes back what is in force and moves what runs in it to the group above; then the group goes.
absl::Status RemoveGroup(const ControlGroup& group);

host::Keeper KeeperOfProcess(pid_t pid);
bool IsAlive(const host::Keeper& keeper);
// Groups of rankle's in all hierarchies: of `keeper`, or of all keepers that are gone.
std::vector<ControlGroup> FindGroups(const std::optional<host::Keeper>& keeper);

}  // namespace rankle::cli
