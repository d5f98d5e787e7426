// A device's memory: one memfd, mapped once, handed out in blocks. The file makes every allocation shareable
// with other processes (IPC) and vanishes with its last user, however that one dies. (Where ulimit -f forbids
// a file of that size, the memory has none and is not shareable.) Host memory is committed by the first touch
// and given back by Free. Memory is always handed out as zeros: kernels do not compute, and a program that
// reads what one should have written must not find old bytes there. Blocks live in twice the device's size,
// so that fragmentation never decides about out-of-memory: the limit does, as on a GPU whose pages can be
// mapped anywhere.
//
// OffsetAllocator is the pure part: best fit with coalescing. Not thread-safe; DeviceArena locks.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

namespace rankle::vgpu {

// 0 or errno; EFBIG: over the limit on file sizes, which is no signal here.
int SetFileSize(int fd, size_t bytes);

class OffsetAllocator {
 public:
  explicit OffsetAllocator(size_t capacity);

  std::optional<size_t> Allocate(size_t bytes, size_t alignment);
  void Free(size_t offset, size_t bytes);

 private:
  void Insert(size_t offset, size_t bytes);
  void Erase(std::map<size_t, size_t>::iterator block);

  std::map<size_t, size_t> free_by_offset_;
  std::set<std::pair<size_t, size_t>> free_by_size_;  // (bytes, offset)
};

class DeviceArena {
 public:
  explicit DeviceArena(size_t limit_bytes);
  ~DeviceArena();
  DeviceArena(const DeviceArena&) = delete;
  DeviceArena& operator=(const DeviceArena&) = delete;

  // Null when the limit is reached or the host cannot map the arena.
  void* Allocate(size_t bytes, size_t alignment = kAlignment);
  void Free(void* block, size_t bytes);

  // Counts memory that lies elsewhere (cuMemCreate) against the limit; false when it does not fit.
  bool Charge(size_t bytes);
  void Discharge(size_t bytes);

  size_t limit_bytes() const { return limit_bytes_; }
  size_t used_bytes() const;
  int fd() const { return fd_; }  // -1: not mapped yet, or without a file
  size_t OffsetOf(const void* pointer) const { return static_cast<const char*>(pointer) - base_; }

  static constexpr size_t kAlignment = 512;

 private:
  bool MapOnce();
  void CloseFile();
  void Clear(size_t offset, size_t bytes);

  const size_t limit_bytes_;
  mutable std::mutex mutex_;
  OffsetAllocator blocks_;
  int fd_ = -1;
  char* base_ = nullptr;
  size_t used_bytes_ = 0;
};

}  // namespace rankle::vgpu
