#include "tracer/kernel/process_counters.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

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

bool HasWord(const std::string& list, const std::string& word) {
  std::istringstream words(list);
  for (std::string item; std::getline(words, item, ',');) {
    if (item == word) return true;
  }
  return false;
}

// The mount point of a version 1 controller ("" = of version 2), and what of a group's path lies above it.
struct Mount {
  std::string point, root;
};
Mount FindMount(const std::string& controller) {
  std::istringstream lines(Read("/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream left(line.substr(0, dash)), right(line.substr(dash + 3));
    std::string id, parent, device, root, point, type, source, options;
    left >> id >> parent >> device >> root >> point;
    right >> type >> source >> options;
    if (controller.empty() ? type == "cgroup2" : type == "cgroup" && HasWord(options, controller))
      return {point, root};
  }
  return {};
}

std::string DirectoryOf(const std::string& groups, const std::string& controller) {
  const Mount mount = FindMount(controller);
  if (mount.point.empty()) return "";
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const bool match = controller.empty() ? line.compare(0, 3, "0::") == 0
                                          : HasWord(line.substr(first + 1, second - first - 1), controller);
    if (!match) continue;
    std::string path = line.substr(second + 1);
    if (mount.root != "/" && path.compare(0, mount.root.size(), mount.root) == 0)
      path.erase(0, mount.root.size());
    return mount.point + path;
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

GroupPaths ReadGroupPaths(pid_t pid) {
  const std::string groups = Read("/proc/" + std::to_string(pid) + "/cgroup");
  GroupPaths paths{.cpu = DirectoryOf(groups, "cpu"),
                   .memory = DirectoryOf(groups, "memory"),
                   .core = DirectoryOf(groups, "")};
  if (paths.cpu.empty())
    paths.cpu = paths.core;
  else
    paths.cpu_version = 1;
  if (paths.memory.empty())
    paths.memory = paths.core;
  else
    paths.memory_version = 1;
  return paths;
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
