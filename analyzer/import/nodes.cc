#include "analyzer/import/nodes.h"

#include <algorithm>
#include <filesystem>

namespace rankle::import {

namespace fs = std::filesystem;

bool IsNodeDirectory(const std::string& path) {
  std::error_code error;
  return fs::path(path).filename().string().starts_with(kNodePrefix) && fs::is_directory(path, error);
}

std::vector<std::string> WithNodeDirectories(const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const std::string& path : paths) {
    all.push_back(path);
    std::error_code error;
    const size_t first = all.size();
    if (!fs::is_directory(path, error)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
      if (IsNodeDirectory(entry.path())) all.push_back(entry.path());
    }
    std::sort(all.begin() + static_cast<std::ptrdiff_t>(first), all.end());
  }
  return all;
}

}  // namespace rankle::import
