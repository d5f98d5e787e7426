// Faults of a rank's processes as writes into its control groups, of either version. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "injector/plan/armed_plan.h"

namespace rankle::host {

// What a control group must be able to do; each may lie in a hierarchy of its own.
enum class Controller { kCpu, kMemory, kCore };  // kCore: membership and the freezer of version 2
inline constexpr Controller kControllers[] = {Controller::kCpu, Controller::kMemory, Controller::kCore};
std::string_view ControllerName(Controller controller);  // "cpu", "memory"; "" for kCore

// The controller that a fault needs; none: it is carried out otherwise.
std::optional<Controller> ControllerOf(plan::Action action);

struct CgroupWrite {
  std::string file, text;
  auto operator<=>(const CgroupWrite&) const = default;
};
// `on` = false: what takes it back.
std::vector<CgroupWrite> WritesFor(const plan::ArmedFault& fault, int version, bool on);
// What takes back whatever may be in force, for a group of which only the directory is known.
std::vector<CgroupWrite> UndoWrites(Controller controller, int version);

// Names of our groups: "rankle-<pid>-<start>-rank<n>", after the process that keeps them. `start` is that
// process's start time in clock ticks since boot, so that a reused pid is told apart.
struct Keeper {
  int pid = 0;
  uint64_t start = 0;
  auto operator<=>(const Keeper&) const = default;
};
std::string GroupName(const Keeper& keeper, int rank);
std::optional<Keeper> KeeperOf(std::string_view group_name);

}  // namespace rankle::host
