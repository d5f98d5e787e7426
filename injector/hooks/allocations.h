// Where device memory lies: which allocation an address is in, also in its middle, and how much of it is left
// behind the address. An array of ranges in order of address: allocations and frees are rare and change it
// one at a time; look-ups come with every operation, take no lock, and give up when they meet a change.
//
// What is lost: an allocation that finds the array full, and everything from the moment on when a change
// could not be made in time (a thread left the table half-way). An address that is in no known range is
// unknown, never wrong.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace rankle::hooks {

class AllocationTable {
 public:
  static constexpr uint32_t kMax = 8192;

  // A range that is known and overlaps was freed in a way that nobody saw: it is dropped.
  void Add(const void* address, uint64_t bytes);
  void Remove(const void* address);
  bool any() const { return size_.load(std::memory_order_relaxed) != 0; }
  // Bytes from the address to the end of its allocation; -1 = not known.
  int64_t BytesLeft(const void* address) const;
  void Clear();

 private:
  class Change;
  // The first range that ends behind the address.
  uint32_t FirstEndingAfter(uintptr_t address) const;
  void Erase(uint32_t from, uint32_t to);

  std::atomic<uint32_t> version_{0};  // odd while it is being changed
  std::atomic<uint32_t> size_{0};
  std::atomic<bool> lost_{false};  // a change was not made: nothing is known any more
  std::atomic<uintptr_t> begin_[kMax];
  std::atomic<uintptr_t> end_[kMax];
};

AllocationTable& TheAllocations();

}  // namespace rankle::hooks
