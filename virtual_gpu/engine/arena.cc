#include "virtual_gpu/engine/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tracer/record/file_size_signal.h"

namespace rankle::vgpu {
namespace {

constexpr size_t kPage = 4096;
// Giving pages back costs a system call; small blocks are not worth it.
constexpr size_t kGiveBackBytes = 64 * 1024;

size_t RoundUp(size_t value, size_t alignment) { return (value + alignment - 1) / alignment * alignment; }

}  // namespace

int SetFileSize(int fd, size_t bytes) {
  const record::HeldFileSizeSignal held = record::HoldFileSizeSignal();
  const int error = ftruncate(fd, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  record::ReleaseFileSizeSignal(held);
  return error;
}

OffsetAllocator::OffsetAllocator(size_t capacity) { Insert(0, capacity); }

void OffsetAllocator::Insert(size_t offset, size_t bytes) {
  free_by_offset_[offset] = bytes;
  free_by_size_.insert({bytes, offset});
}

void OffsetAllocator::Erase(std::map<size_t, size_t>::iterator block) {
  free_by_size_.erase({block->second, block->first});
  free_by_offset_.erase(block);
}

std::optional<size_t> OffsetAllocator::Allocate(size_t bytes, size_t alignment) {
  for (auto candidate = free_by_size_.lower_bound({bytes, 0}); candidate != free_by_size_.end();
       ++candidate) {
    const auto [free_bytes, free_offset] = *candidate;
    const size_t offset = RoundUp(free_offset, alignment);
    const size_t lead = offset - free_offset;
    if (lead + bytes > free_bytes) continue;
    Erase(free_by_offset_.find(free_offset));
    if (lead > 0) Insert(free_offset, lead);
    if (lead + bytes < free_bytes) Insert(offset + bytes, free_bytes - lead - bytes);
    return offset;
  }
  return std::nullopt;
}

void OffsetAllocator::Free(size_t offset, size_t bytes) {
  auto next = free_by_offset_.lower_bound(offset);
  if (next != free_by_offset_.end() && next->first == offset + bytes) {
    bytes += next->second;
    Erase(next++);
  }
  next = free_by_offset_.lower_bound(offset);
  if (next != free_by_offset_.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == offset) {
      offset = previous->first;
      bytes += previous->second;
      Erase(previous);
    }
  }
  Insert(offset, bytes);
}

DeviceArena::DeviceArena(size_t limit_bytes)
    : limit_bytes_(limit_bytes), blocks_(2 * RoundUp(limit_bytes, 2 << 20)) {}

DeviceArena::~DeviceArena() {
  if (base_ != nullptr) munmap(base_, 2 * RoundUp(limit_bytes_, 2 << 20));
  CloseFile();
}

void DeviceArena::CloseFile() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

bool DeviceArena::MapOnce() {
  if (base_ != nullptr) return true;
  const size_t bytes = 2 * RoundUp(limit_bytes_, 2 << 20);
  fd_ = memfd_create("rankle-virtual-gpu", MFD_CLOEXEC);
  int error = fd_ < 0 ? errno : SetFileSize(fd_, bytes);
  int sharing = MAP_SHARED;
  if (error == EFBIG) {
    // Memory without a file has no such limit, and no descriptor that another process could open.
    fprintf(stderr,
            "rankle: virtual GPU: the limit on file sizes (ulimit -f) is below %zu bytes: device memory "
            "cannot be "
            "shared with other processes (CUDA IPC); raise it or set RANKLE_VGPU_MEMORY lower\n",
            bytes);
    CloseFile();
    sharing |= MAP_ANONYMOUS;
    error = 0;
  }
  void* mapping = MAP_FAILED;
  if (error == 0) {
    mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, sharing | MAP_NORESERVE, fd_, 0);
    error = errno;
  }
  if (mapping == MAP_FAILED) {
    fprintf(stderr,
            "rankle: virtual GPU: cannot map %zu bytes of device memory: %s; set RANKLE_VGPU_MEMORY lower\n",
            bytes, strerror(error));
    CloseFile();
    return false;
  }
  madvise(mapping, bytes, MADV_DONTDUMP);
  base_ = static_cast<char*>(mapping);
  return true;
}

void* DeviceArena::Allocate(size_t bytes, size_t alignment) {
  bytes = RoundUp(bytes, kAlignment);
  std::unique_lock lock(mutex_);
  if (bytes > limit_bytes_ - used_bytes_ || !MapOnce()) return nullptr;
  const std::optional<size_t> offset = blocks_.Allocate(bytes, alignment);
  if (!offset) return nullptr;
  used_bytes_ += bytes;
  return base_ + *offset;
}

void DeviceArena::Free(void* block, size_t bytes) {
  bytes = RoundUp(bytes, kAlignment);
  const size_t offset = OffsetOf(block);
  std::unique_lock lock(mutex_);
  Clear(offset, bytes);
  blocks_.Free(offset, bytes);
  used_bytes_ -= bytes;
}

// Whole pages go back to the host and read as zeros again; the rest is overwritten.
void DeviceArena::Clear(size_t offset, size_t bytes) {
  const size_t end = offset + bytes;
  const size_t first = RoundUp(offset, kPage), last = end / kPage * kPage;
  const bool give_back = bytes >= kGiveBackBytes && madvise(base_ + first, last - first, MADV_REMOVE) == 0;
  if (!give_back) {
    memset(base_ + offset, 0, bytes);
    return;
  }
  memset(base_ + offset, 0, first - offset);
  memset(base_ + last, 0, end - last);
}

bool DeviceArena::Charge(size_t bytes) {
  std::unique_lock lock(mutex_);
  if (bytes > limit_bytes_ - used_bytes_) return false;
  used_bytes_ += bytes;
  return true;
}

void DeviceArena::Discharge(size_t bytes) {
  std::unique_lock lock(mutex_);
  used_bytes_ -= bytes;
}

size_t DeviceArena::used_bytes() const {
  std::unique_lock lock(mutex_);
  return used_bytes_;
}

}  // namespace rankle::vgpu
