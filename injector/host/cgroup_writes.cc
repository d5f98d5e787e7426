#include "injector/host/cgroup_writes.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace rankle::host {
namespace {

using plan::Action;

// Slices of 20 ms, a fifth of the kernel's usual 100 ms: shorter than most training steps, so that every step
// is slow and not some of them.
constexpr uint64_t kPeriodUs = 20'000;
constexpr char kPrefix[] = "rankle-";

std::vector<CgroupWrite> CpuWrites(uint64_t quota_us, int version) {  // 0 = no limit
  if (version == 2)
    return {{"cpu.max", absl::StrCat(quota_us == 0 ? "max" : absl::StrCat(quota_us), " ", kPeriodUs)}};
  std::vector<CgroupWrite> writes = {{"cpu.cfs_quota_us", quota_us == 0 ? "-1" : absl::StrCat(quota_us)}};
  if (quota_us != 0) writes.insert(writes.begin(), {"cpu.cfs_period_us", absl::StrCat(kPeriodUs)});
  return writes;
}

std::vector<CgroupWrite> MemoryWrites(uint64_t bytes, int version) {  // 0 = no limit
  if (version == 2) return {{"memory.max", bytes == 0 ? "max" : absl::StrCat(bytes)}};
  return {{"memory.limit_in_bytes", bytes == 0 ? "-1" : absl::StrCat(bytes)}};
}

}  // namespace

std::string_view ControllerName(Controller controller) {
  switch (controller) {
    case Controller::kCpu:
      return "cpu";
    case Controller::kMemory:
      return "memory";
    case Controller::kCore:
      break;
  }
  return "";
}

std::optional<Controller> ControllerOf(Action action) {
  switch (action) {
    case Action::kThrottle:
      return Controller::kCpu;
    case Action::kMemoryLimit:
      return Controller::kMemory;
    case Action::kFreeze:
    case Action::kFdLimit:  // only to know which processes are the rank's
      return Controller::kCore;
    default:
      return std::nullopt;
  }
}

std::vector<CgroupWrite> WritesFor(const plan::ArmedFault& fault, int version, bool on) {
  switch (fault.action) {
    case Action::kThrottle:
      return CpuWrites(on ? static_cast<uint64_t>(fault.factor / 100 * kPeriodUs) : 0, version);
    case Action::kMemoryLimit:
      return MemoryWrites(on ? fault.bytes_limit : 0, version);
    case Action::kFreeze:
      return {{"cgroup.freeze", on ? "1" : "0"}};
    default:
      return {};
  }
}

std::vector<CgroupWrite> UndoWrites(Controller controller, int version) {
  switch (controller) {
    case Controller::kCpu:
      return CpuWrites(0, version);
    case Controller::kMemory:
      return MemoryWrites(0, version);
    case Controller::kCore:
      break;
  }
  return {{"cgroup.freeze", "0"}};
}

std::string GroupName(const Keeper& keeper, int rank) {
  return absl::StrCat(kPrefix, keeper.pid, "-", keeper.start, "-rank", rank);
}

std::optional<Keeper> KeeperOf(std::string_view group_name) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(absl::string_view(group_name.data(), group_name.size()), '-');
  Keeper keeper;
  int rank = 0;
  if (parts.size() != 4 || parts[0] != "rankle" || !absl::SimpleAtoi(parts[1], &keeper.pid) ||
      !absl::SimpleAtoi(parts[2], &keeper.start) || parts[3].substr(0, 4) != "rank" ||
      !absl::SimpleAtoi(parts[3].substr(4), &rank) || keeper.pid <= 0 || rank < 0)
    return std::nullopt;
  return keeper;
}

}  // namespace rankle::host
