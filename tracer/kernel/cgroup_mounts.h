// Where control groups are mounted and which of them a process is in, from the texts of /proc (mountinfo(5),
// cgroups(7)), for both versions. Pure.
#pragma once

#include <string>
#include <vector>

namespace rankle::kernel {

struct CgroupMount {
  int version = 2;
  std::string root;     // the group that is mounted: not "/" in containers
  std::string point;    // directory
  std::string options;  // of version 1: the controllers among them
};

std::vector<CgroupMount> CgroupMounts(const std::string& mountinfo);

// Is a word in a list?
bool HasWord(const std::string& list, const std::string& word, char separator);

// May this hierarchy have the controller? Of version 2, the group itself says (cgroup.controllers). "" = the
// core of version 2.
bool MayHave(const CgroupMount& mount, const std::string& controller);

// The directory of the group that a process is in (`cgroup`: its /proc/PID/cgroup); "" = it is in none of
// this hierarchy.
std::string DirectoryIn(const CgroupMount& mount, const std::string& controller, const std::string& cgroup);

}  // namespace rankle::kernel
