#include "tracer/files/record_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rankle::files {

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path, std::string_view what) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened: ", std::strerror(errno)));
  struct stat info {};
  void* map = MAP_FAILED;
  if (fstat(fd, &info) == 0 && info.st_size > 0)
    map = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED)
    return absl::DataLossError(absl::StrCat(path, ": empty, or cannot be mapped: no ", std::string(what)));
  return MappedFile(std::string_view(static_cast<const char*>(map), static_cast<size_t>(info.st_size)));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace rankle::files
