#include "tracer/kernel/process_counters.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "tracer/kernel/cgroup_mounts.h"

namespace rankle::kernel {
namespace {

namespace fs = std::filesystem;

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// "key value" lines; 0 where the key is missing.
uint64_t ValueOf(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  std::string word;
  for (uint64_t value; lines >> word >> value;) {
    if (word == key) return value;
  }
  return 0;
}

// Of the hierarchy that has the controller in version 1 ("" = of version 2), or "".
std::string DirectoryOf(const std::vector<CgroupMount>& mounts, int version, const std::string& controller,
                        const std::string& cgroup) {
  for (const CgroupMount& mount : mounts) {
    if (mount.version == version && MayHave(mount, controller)) return DirectoryIn(mount, controller, cgroup);
  }
  return "";
}

}  // namespace

ProcessCounters ReadProcess(pid_t pid) {
  ProcessCounters counters;
  std::error_code error;
  const std::string directory = "/proc/" + std::to_string(pid);
  for (fs::directory_iterator it(directory + "/task", error), end; !error && it != end; it.increment(error)) {
    std::istringstream schedule(Read(it->path().string() + "/schedstat"));
    uint64_t ran_ns = 0, waited_ns = 0;
    schedule >> ran_ns >> waited_ns;
    counters.cpu_s += static_cast<double>(ran_ns) * 1e-9,
        counters.core_wait_s += static_cast<double>(waited_ns) * 1e-9;
    const std::string stat = Read(it->path().string() + "/stat");
    const size_t name_end = stat.rfind(')');
    counters.in_disk_wait |= name_end != std::string::npos && stat.compare(name_end, 4, ") D ") == 0;
  }
  const std::string stat = Read(directory + "/stat");
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return counters;
  char state = 'X';
  unsigned long long faults = 0;
  // state ppid pgrp session tty tpgid flags minflt cminflt majflt
  if (sscanf(stat.c_str() + name_end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %llu", &state, &faults) == 2)
    counters.major_faults = faults;
  counters.alive = state != 'Z' && state != 'X';
  return counters;
}

GroupPaths GroupPathsFrom(const std::string& mountinfo, const std::string& cgroup) {
  const std::vector<CgroupMount> mounts = CgroupMounts(mountinfo);
  GroupPaths paths{.cpu = DirectoryOf(mounts, 1, "cpu", cgroup),
                   .memory = DirectoryOf(mounts, 1, "memory", cgroup),
                   .core = DirectoryOf(mounts, 2, "", cgroup)};
  paths.cpu_version = paths.cpu.empty() ? 2 : 1, paths.memory_version = paths.memory.empty() ? 2 : 1;
  if (paths.cpu.empty()) paths.cpu = paths.core;
  if (paths.memory.empty()) paths.memory = paths.core;
  return paths;
}

GroupPaths ReadGroupPaths(pid_t pid) {
  return GroupPathsFrom(Read("/proc/self/mountinfo"), Read("/proc/" + std::to_string(pid) + "/cgroup"));
}

GroupCounters ReadGroups(const GroupPaths& paths) {
  GroupCounters counters;
  const std::string cpu = Read(paths.cpu + "/cpu.stat");
  counters.throttled_s = paths.cpu_version == 1 ? static_cast<double>(ValueOf(cpu, "throttled_time")) * 1e-9
                                                : static_cast<double>(ValueOf(cpu, "throttled_usec")) * 1e-6;
  counters.oom_kills =
      ValueOf(Read(paths.memory + (paths.memory_version == 1 ? "/memory.oom_control" : "/memory.events")),
              "oom_kill");
  counters.frozen = ValueOf(Read(paths.core + "/cgroup.events"), "frozen") != 0;
  return counters;
}

}  // namespace rankle::kernel
