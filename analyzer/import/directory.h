// The entries of a directory, without exceptions: a directory that changes or fails while it is read gives
// what was read before.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace rankle::import {

// Sorted by path. Empty where it cannot be read; `error` tells why where it is given.
inline std::vector<std::filesystem::path> EntriesOf(const std::string& directory,
                                                    std::error_code* error = nullptr) {
  std::vector<std::filesystem::path> entries;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed))
    entries.push_back(entry->path());
  std::sort(entries.begin(), entries.end());
  if (error != nullptr) *error = failed;
  return entries;
}

}  // namespace rankle::import
