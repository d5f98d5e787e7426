#include "injector/hooks/allocations.h"

#include <sched.h>

namespace rankle::hooks {
namespace {

// A change takes some 10 us at most (all ranges move by one), so a few turns will do; who holds the table may
// have lost its core, so every later turn gives this one away. So many of them last longer than any time
// slice, and end for a thread that waits for one that was torn out of its change.
constexpr uint32_t kSpins = 256, kMaxTurns = 1u << 16;

// Before constructors, in zero pages until it is used.
constinit AllocationTable g_allocations_by_address;

}  // namespace

AllocationTable& TheAllocations() { return g_allocations_by_address; }

// The exclusive right to change the table.
class AllocationTable::Change {
 public:
  explicit Change(AllocationTable& table) : table_(table) {
    for (uint32_t turn = 0; turn < kMaxTurns && !table.lost_.load(std::memory_order_relaxed); ++turn) {
      uint32_t version = table.version_.load(std::memory_order_relaxed);
      if ((version & 1) == 0 &&
          table.version_.compare_exchange_weak(version, version + 1, std::memory_order_acquire)) {
        made_ = true;
        std::atomic_thread_fence(
            std::memory_order_release);  // a reader that sees a new range sees the version
        return;
      }
      if (turn > kSpins) sched_yield();
    }
    table.lost_.store(true, std::memory_order_relaxed);
  }
  ~Change() {
    if (made_) table_.version_.fetch_add(1, std::memory_order_release);
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;
  bool made() const { return made_; }

 private:
  AllocationTable& table_;
  bool made_ = false;
};

uint32_t AllocationTable::FirstEndingAfter(uintptr_t address) const {
  uint32_t from = 0, to = size_.load(std::memory_order_relaxed);
  while (from < to) {
    const uint32_t middle = from + (to - from) / 2;
    end_[middle].load(std::memory_order_relaxed) <= address ? void(from = middle + 1) : void(to = middle);
  }
  return from;
}

void AllocationTable::Erase(uint32_t from, uint32_t to) {
  const uint32_t size = size_.load(std::memory_order_relaxed);
  for (uint32_t i = to; i < size; ++i) {
    begin_[i - to + from].store(begin_[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
    end_[i - to + from].store(end_[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  size_.store(size - (to - from), std::memory_order_relaxed);
}

void AllocationTable::Add(const void* address, uint64_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(address), end = begin + bytes;
  if (end <= begin) return;
  const Change change(*this);
  if (!change.made()) return;
  const uint32_t at = FirstEndingAfter(begin);
  uint32_t behind = at;
  while (behind < size_.load(std::memory_order_relaxed) &&
         begin_[behind].load(std::memory_order_relaxed) < end)
    ++behind;
  if (behind > at) Erase(at, behind);
  const uint32_t size = size_.load(std::memory_order_relaxed);
  if (size == kMax) return;
  for (uint32_t i = size; i > at; --i) {
    begin_[i].store(begin_[i - 1].load(std::memory_order_relaxed), std::memory_order_relaxed);
    end_[i].store(end_[i - 1].load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  begin_[at].store(begin, std::memory_order_relaxed);
  end_[at].store(end, std::memory_order_relaxed);
  size_.store(size + 1, std::memory_order_relaxed);
}

void AllocationTable::Remove(const void* address) {
  const auto begin = reinterpret_cast<uintptr_t>(address);
  const Change change(*this);
  if (!change.made()) return;
  const uint32_t at = FirstEndingAfter(begin);
  if (at < size_.load(std::memory_order_relaxed) && begin_[at].load(std::memory_order_relaxed) == begin)
    Erase(at, at + 1);
}

int64_t AllocationTable::BytesLeft(const void* address) const {
  const auto sought = reinterpret_cast<uintptr_t>(address);
  const uint32_t version = version_.load(std::memory_order_acquire);
  if ((version & 1) != 0 || lost_.load(std::memory_order_relaxed)) return -1;
  const uint32_t at = FirstEndingAfter(sought);
  if (at >= size_.load(std::memory_order_relaxed)) return -1;
  const uintptr_t begin = begin_[at].load(std::memory_order_relaxed);
  const uintptr_t end = end_[at].load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (version_.load(std::memory_order_relaxed) != version || begin > sought) return -1;
  return static_cast<int64_t>(end - sought);
}

// In a forked child, or between tests: nobody else looks.
void AllocationTable::Clear() {
  version_.store(0, std::memory_order_relaxed);
  size_.store(0, std::memory_order_relaxed);
  lost_.store(false, std::memory_order_relaxed);
}

}  // namespace rankle::hooks
