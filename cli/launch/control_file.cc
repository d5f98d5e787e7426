#include "cli/launch/control_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "cli/launch/file_descriptor.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::cli {

using plan::ControlPage;

absl::StatusOr<ControlPage*> ControlFile::Map(int fd, const std::string& path) {
  void* memory = mmap(nullptr, sizeof(ControlPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return FileError(errno, path, "cannot be mapped");
  return static_cast<ControlPage*>(memory);
}

absl::StatusOr<ControlFile> ControlFile::Create(const std::string& path, uint32_t fault_count) {
  const FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.is_open()) return FileError(errno, path, "cannot be created");
  // Allocated, not just sized: a page that finds no disk block later would kill the job with SIGBUS.
  const int error = posix_fallocate(file.get(), 0, sizeof(ControlPage));
  if (error != 0) return FileError(error, path, "cannot be written");
  absl::StatusOr<ControlPage*> page = Map(file.get(), path);
  if (!page.ok()) return page.status();
  memcpy((*page)->magic, plan::kControlMagic, sizeof((*page)->magic));
  (*page)->version = 1;
  (*page)->fault_count = fault_count;
  return ControlFile(*page);
}

absl::StatusOr<ControlFile> ControlFile::Open(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) return FileError(errno, path, "cannot be opened");
  struct stat info;
  if (fstat(file.get(), &info) != 0 || static_cast<size_t>(info.st_size) < sizeof(ControlPage)) {
    return absl::InvalidArgumentError(Cat(path, ": too short for a control page of a run"));
  }
  absl::StatusOr<ControlPage*> page = Map(file.get(), path);
  if (!page.ok()) return page.status();
  ControlFile control(*page);
  if (memcmp((*page)->magic, plan::kControlMagic, sizeof((*page)->magic)) != 0 || (*page)->version != 1) {
    return absl::InvalidArgumentError(Cat(path, ": not a control page of this version of rankle"));
  }
  return control;
}

ControlFile::ControlFile(ControlFile&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}

ControlFile& ControlFile::operator=(ControlFile&& other) noexcept {
  std::swap(page_, other.page_);
  return *this;
}

ControlFile::~ControlFile() {
  if (page_ != nullptr) munmap(page_, sizeof(ControlPage));
}

size_t ControlFile::fault_count() const { return std::min<size_t>(page_->fault_count, plan::kMaxFaults); }

uint32_t ControlFile::Release(size_t fault) {
  plan::FaultControl& control = page_->faults[fault];
  const uint32_t hanging = control.hanging.load();
  control.released.store(1);
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&control.released), FUTEX_WAKE, INT_MAX, nullptr, nullptr,
          0);
  return hanging;
}

}  // namespace rankle::cli
