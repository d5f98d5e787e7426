// Work on many items by several threads, taken in order by the caller's: files are parsed side by side while
// what they hold is put together as if they had been read one after the other.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace rankle::import {

// Calls produce(i, value) for i in [0, items) on `threads` threads and consume(i, value) on this one, in
// order of i. A few values of T are in use at a time and are handed to produce() again: it must overwrite
// them, and may use their memory. Neither function may throw.
template <typename T, typename Produce, typename Consume>
void InOrder(size_t items, size_t threads, const Produce& produce, const Consume& consume) {
  threads = std::min(std::max<size_t>(threads, 1), items);
  struct Slot {
    T value{};
    bool ready = false;
  };
  std::vector<Slot> slots(2 * threads + 1);  // enough that nobody waits for a single slow item
  std::mutex mutex;                          // guards `next`, `consumed` and Slot::ready
  std::condition_variable changed;
  size_t next = 0, consumed = 0;
  const auto work = [&] {
    std::unique_lock lock(mutex);
    while (next < items) {
      const size_t i = next++;
      changed.wait(lock, [&] { return i < consumed + slots.size(); });
      Slot& slot = slots[i % slots.size()];
      lock.unlock();
      produce(i, slot.value);
      lock.lock();
      slot.ready = true;
      changed.notify_all();
    }
  };
  std::vector<std::thread> workers;
  for (size_t t = 0; t < threads; ++t) workers.emplace_back(work);
  std::unique_lock lock(mutex);
  while (consumed < items) {
    Slot& slot = slots[consumed % slots.size()];
    changed.wait(lock, [&] { return slot.ready; });
    lock.unlock();
    consume(consumed, slot.value);
    lock.lock();
    slot.ready = false;
    ++consumed;
    changed.notify_all();
  }
  lock.unlock();
  for (std::thread& worker : workers) worker.join();
}

}  // namespace rankle::import
