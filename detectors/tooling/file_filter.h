// Which files are the user's own: below a root, not skipped by a pattern. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankle::tooling {

// Shell patterns where `*` also matches `/`: "third_party/*", "*_test.cc".
bool MatchesAny(const std::vector<std::string>& patterns, const std::string& path);

struct FileFilter {
  std::string root;               // absolute, normalised, without a slash at its end
  std::vector<std::string> only;  // empty: all
  std::vector<std::string> skip;

  // Relative to the root; empty when the file is not the user's.
  std::string Relative(std::string_view absolute_path) const;
};

// The folder that all of these (absolute) files lie in.
std::string CommonFolder(const std::vector<std::string>& files);

// Without "." and "..", absolute in `directory`. Does not look at the disk.
std::string Normalised(const std::string& directory, const std::string& path);

}  // namespace rankle::tooling
