// Where large files may lie for the time of a command: TMPDIR, else /tmp.
#pragma once

#include <filesystem>
#include <string>

namespace rankle::cli {

inline std::string ScratchDirectory() {
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::temp_directory_path(error);
  return error ? "/tmp" : directory.string();
}

}  // namespace rankle::cli
