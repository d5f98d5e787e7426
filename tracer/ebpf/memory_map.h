// The file mappings of a process, as /proc/PID/maps tells them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rankle::ebpf {

// Which file, whatever its path: a library that was replaced on disk is another one.
struct FileId {
  uint64_t device = 0, inode = 0;
  auto operator<=>(const FileId&) const = default;
};

struct Mapping {
  uint64_t begin = 0, end = 0;  // addresses
  uint64_t offset = 0;          // in the file
  bool executable = false;
  bool deleted = false;  // the file has no name any more: replaced or removed while in use
  FileId file;
  std::string path;  // in the mount namespace of the process, without " (deleted)"
};

// Mappings of files; lines that cannot be read are left out.
std::vector<Mapping> ParseMaps(std::string_view text);

}  // namespace rankle::ebpf
