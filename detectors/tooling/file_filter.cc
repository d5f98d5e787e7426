#include "detectors/tooling/file_filter.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>

namespace rankle::tooling {

bool MatchesAny(const std::vector<std::string>& patterns, const std::string& path) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
  });
}

std::string FileFilter::Relative(std::string_view absolute_path) const {
  const bool below = absolute_path.size() > root.size() + 1 && absolute_path.substr(0, root.size()) == root &&
                     absolute_path[root.size()] == '/';
  if (!below) return "";
  std::string relative(absolute_path.substr(root.size() + 1));
  if (MatchesAny(skip, relative) || (!only.empty() && !MatchesAny(only, relative))) return "";
  return relative;
}

std::string CommonFolder(const std::vector<std::string>& files) {
  if (files.empty()) return "";
  std::filesystem::path common = std::filesystem::path(files.front()).parent_path();
  for (const std::string& file : files) {
    while (common != common.root_path() && !file.starts_with(common.string() + "/"))
      common = common.parent_path();
  }
  return common.string();
}

std::string Normalised(const std::string& directory, const std::string& path) {
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

}  // namespace rankle::tooling
