// The buffers that CUPTI fills with records: a fixed number, taken and given back without a lock, because
// CUPTI asks for one on a thread of the program that launches a kernel. Memory is touched only when used.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rankle::cupti {

class BufferPool {
 public:
  // Small, because a buffer with one kernel that does not end is not handed on: 64 KiB hold some 300 kernels.
  // 64 of them bridge 19,000 kernels of any name between two flushes; CUPTI hands on full ones at once.
  static constexpr size_t kBufferBytes = 64 << 10;
  static constexpr int kBuffers = 64;

  // False without memory. Not thread safe.
  bool Reserve() {
    void* const memory = mmap(nullptr, kBuffers * kBufferBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    memory_ = static_cast<uint8_t*>(memory);
    free_.store(~uint64_t{0}, std::memory_order_release);
    return true;
  }

  // nullptr when all are in use.
  uint8_t* Take() {
    uint64_t free = free_.load(std::memory_order_acquire);
    while (free != 0) {
      if (free_.compare_exchange_weak(free, free & (free - 1), std::memory_order_acq_rel))
        return memory_ + static_cast<size_t>(std::countr_zero(free)) * kBufferBytes;
    }
    return nullptr;
  }

  void GiveBack(const uint8_t* buffer) {
    const auto index = static_cast<size_t>(buffer - memory_) / kBufferBytes;
    free_.fetch_or(uint64_t{1} << index, std::memory_order_release);
  }

 private:
  uint8_t* memory_ = nullptr;  // never unmapped: CUPTI may hold a buffer until the process ends
  std::atomic<uint64_t> free_{0};
};

}  // namespace rankle::cupti
