#include "analyzer/import/nodes.h"

#include <filesystem>

#include "analyzer/import/directory.h"

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
    if (!fs::is_directory(path, error)) continue;
    for (const fs::path& entry : EntriesOf(path)) {
      if (IsNodeDirectory(entry)) all.push_back(entry);
    }
  }
  return all;
}

}  // namespace rankle::import
