// Control groups of ranks: made beside the group that rankle runs in, so that its own limits hold for them
// too.
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

// The group that this process is in; an error says why there is none that could have groups below it.
absl::StatusOr<ControlGroup> OwnGroup(host::Controller controller);

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
