#include "injector/plan/control_file.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "injector/plan/text.h"

namespace rankle::plan {
namespace {

constexpr uint32_t kControlVersion = 1;

absl::Status Failed(std::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(errno, Concat(path, ": cannot ", what, " the control page"));
}

}  // namespace

absl::StatusOr<ControlFile> ControlFile::Map(const std::string& path, int flags) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0644);
  if (fd < 0) return Failed((flags & O_CREAT) != 0 ? "create" : "open", path);
  const auto close_fd = absl::MakeCleanup([fd] { close(fd); });
  if ((flags & O_CREAT) != 0) {
    // Allocated now: on a full disk a store into a sparse page would be a SIGBUS in the training process.
    if (const int error = posix_fallocate(fd, 0, sizeof(ControlPage)); error != 0) {
      errno = error;
      return Failed("allocate", path);
    }
  } else {
    struct stat status;
    if (fstat(fd, &status) != 0) return Failed("read", path);
    if (static_cast<size_t>(status.st_size) < sizeof(ControlPage)) {
      return absl::DataLossError(Concat(path, ": not a control page (too short)"));
    }
  }
  void* memory = mmap(nullptr, sizeof(ControlPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return Failed("map", path);
  return ControlFile(static_cast<ControlPage*>(memory));
}

absl::StatusOr<ControlFile> ControlFile::Create(const std::string& path, size_t fault_count) {
  if (fault_count > kMaxFaults) return Invalid(Concat(path, ": too many faults"));
  auto file = Map(path, O_CREAT | O_TRUNC);
  if (!file.ok()) return file;
  ControlPage* page = file->page();  // zero-filled by the kernel, which is every counter's first value
  page->version = kControlVersion;
  page->fault_count = static_cast<uint32_t>(fault_count);
  std::memcpy(page->magic, kControlMagic, sizeof(kControlMagic));
  return file;
}

absl::StatusOr<ControlFile> ControlFile::Open(const std::string& path) {
  auto file = Map(path, 0);
  if (!file.ok()) return file;
  const ControlPage& page = *file->page();
  if (std::memcmp(page.magic, kControlMagic, sizeof(kControlMagic)) != 0 || page.version != kControlVersion ||
      page.fault_count > kMaxFaults) {
    return absl::DataLossError(Concat(path, ": not a control page of this version of rankle"));
  }
  return file;
}

ControlFile::ControlFile(ControlFile&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}

ControlFile& ControlFile::operator=(ControlFile&& other) noexcept {
  std::swap(page_, other.page_);
  return *this;
}

ControlFile::~ControlFile() {
  if (page_ != nullptr) munmap(page_, sizeof(ControlPage));
}

uint32_t ControlFile::Release(size_t fault) {
  FaultControl& control = page_->faults[fault];
  const uint32_t hung =
      control.hanging.load(std::memory_order_acquire);  // those that wake up count themselves off
  control.released.store(1, std::memory_order_release);
  syscall(SYS_futex, &control.released, FUTEX_WAKE, INT_MAX, nullptr, nullptr,
          0);  // shared: waiters are other processes
  return hung;
}

void ControlFile::Stop() {
  page_->stop.store(1, std::memory_order_release);
  for (size_t fault = 0; fault < page_->fault_count; ++fault) Release(fault);
}

}  // namespace rankle::plan
