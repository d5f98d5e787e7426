#include "tracer/ebpf/memory_map.h"

#include <cstdio>

namespace rankle::ebpf {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

// "7f1c-7f2c r-xp 00028000 fe:00 1234   /usr/lib/libnccl.so.2"
bool ParseLine(const std::string& line, Mapping& mapping) {
  unsigned long long begin = 0, end = 0, offset = 0, inode = 0;
  unsigned major = 0, minor = 0;
  char access[5] = "";
  int path = 0;
  if (std::sscanf(line.c_str(), "%llx-%llx %4s %llx %x:%x %llu %n", &begin, &end, access, &offset, &major,
                  &minor, &inode, &path) != 7 ||
      path == 0)
    return false;
  mapping = {begin, end, offset, access[2] == 'x', false, {uint64_t{major} << 32 | minor, inode}, ""};
  mapping.path = line.substr(static_cast<size_t>(path));
  if (mapping.path.ends_with(kDeleted)) {
    mapping.deleted = true;
    mapping.path.resize(mapping.path.size() - kDeleted.size());
  }
  return inode != 0 && mapping.path.starts_with('/');
}

}  // namespace

std::vector<Mapping> ParseMaps(std::string_view text) {
  std::vector<Mapping> mappings;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    Mapping mapping;
    if (ParseLine(std::string(text.substr(0, end)), mapping)) mappings.push_back(std::move(mapping));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return mappings;
}

}  // namespace rankle::ebpf
