#include "tracer/kernel/cgroup_mounts.h"

#include <sstream>

namespace rankle::kernel {

std::vector<CgroupMount> CgroupMounts(const std::string& mountinfo) {
  std::vector<CgroupMount> mounts;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    // id parent device root point options ... - type source options
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream left(line.substr(0, dash)), right(line.substr(dash + 3));
    std::string id, parent, device, type, source;
    CgroupMount mount;
    left >> id >> parent >> device >> mount.root >> mount.point;
    right >> type >> source >> mount.options;
    if (type != "cgroup" && type != "cgroup2") continue;
    mount.version = type == "cgroup" ? 1 : 2;
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool HasWord(const std::string& list, const std::string& word, char separator) {
  std::istringstream words(list);
  for (std::string item; std::getline(words, item, separator);) {
    while (!item.empty() && item.back() == '\n') item.pop_back();
    if (item == word) return true;
  }
  return false;
}

bool MayHave(const CgroupMount& mount, const std::string& controller) {
  return mount.version == 2 || (!controller.empty() && HasWord(mount.options, controller, ','));
}

std::string DirectoryIn(const CgroupMount& mount, const std::string& controller, const std::string& cgroup) {
  std::istringstream lines(cgroup);
  for (std::string line; std::getline(lines, line);) {
    // number:controllers:path; of version 2 "0::path"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const bool match = mount.version == 2
                           ? line.compare(0, 3, "0::") == 0
                           : HasWord(line.substr(first + 1, second - first - 1), controller, ',');
    if (!match) continue;
    std::string path = line.substr(second + 1);
    if (mount.root != "/" && path.compare(0, mount.root.size(), mount.root) == 0)
      path.erase(0, mount.root.size());
    return path == "/" ? mount.point : mount.point + path;
  }
  return "";
}

}  // namespace rankle::kernel
