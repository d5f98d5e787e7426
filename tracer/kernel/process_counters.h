// What the kernel counts for one process and its control groups (/proc, cgroupfs), of either version of
// these.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace rankle::kernel {

struct ProcessCounters {
  bool alive = false;
  double cpu_s = 0, core_wait_s = 0;  // of the threads that are alive
  bool in_disk_wait = false;          // some thread is in state D
  uint64_t major_faults = 0;
};
ProcessCounters ReadProcess(pid_t pid);

// Directories of the control groups that a process is in; "" = not mounted. Kept beyond its end: they count
// its death.
struct GroupPaths {
  std::string cpu, memory, core;
  int cpu_version = 2, memory_version = 2;
};
GroupPaths ReadGroupPaths(pid_t pid);
// The same from the texts of /proc (cgroup_mounts.h).
GroupPaths GroupPathsFrom(const std::string& mountinfo, const std::string& cgroup);

struct GroupCounters {
  double throttled_s = 0;
  uint64_t oom_kills = 0;
  bool frozen = false;
};
GroupCounters ReadGroups(const GroupPaths& paths);

}  // namespace rankle::kernel
