// A fixed table from addresses to small values for code inside hooks: no allocation, no lock, any thread.
// Concurrent operations on the same key are the caller's business (CUDA and NCCL handles are created and
// destroyed once). When no slot is free within the probe limit, the entry is not stored and Insert says so.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace rankle::hooks {

template <typename Value, size_t kSlots>
class PointerMap {
  static_assert((kSlots & (kSlots - 1)) == 0, "a power of two");

 public:
  bool Insert(const void* pointer, Value value) {
    const auto key = reinterpret_cast<uintptr_t>(pointer);
    if (key <= kBusy) return false;
    if (Slot* old = FindSlot(key)) {  // the handle was reused and its end was never seen
      old->value.store(value, std::memory_order_release);
      return true;
    }
    for (size_t probe = 0, i = Hash(key); probe < kMaxProbes; ++probe, i = (i + 1) & (kSlots - 1)) {
      uintptr_t held = slots_[i].key.load(std::memory_order_relaxed);
      if (held > kErased || !slots_[i].key.compare_exchange_strong(held, kBusy, std::memory_order_acquire))
        continue;
      slots_[i].value.store(value, std::memory_order_relaxed);
      slots_[i].key.store(key, std::memory_order_release);
      return true;
    }
    return false;
  }

  // The value, or `absent`.
  Value Find(const void* pointer, Value absent) const {
    const auto key = reinterpret_cast<uintptr_t>(pointer);
    if (key <= kBusy) return absent;
    const Slot* slot = const_cast<PointerMap*>(this)->FindSlot(key);
    return slot == nullptr ? absent : slot->value.load(std::memory_order_acquire);
  }

  // Removes and returns the value, or `absent`.
  Value Erase(const void* pointer, Value absent) {
    const auto key = reinterpret_cast<uintptr_t>(pointer);
    if (key <= kBusy) return absent;
    Slot* slot = FindSlot(key);
    if (slot == nullptr) return absent;
    const Value value = slot->value.load(std::memory_order_acquire);
    uintptr_t expected = key;
    return slot->key.compare_exchange_strong(expected, kErased, std::memory_order_acq_rel) ? value : absent;
  }

  // The address whose value this is, or nullptr. Looks at every slot.
  const void* KeyOf(Value value) const {
    for (const Slot& slot : slots_) {
      const uintptr_t key = slot.key.load(std::memory_order_acquire);
      if (key > kBusy && slot.value.load(std::memory_order_relaxed) == value)
        return reinterpret_cast<const void*>(key);
    }
    return nullptr;
  }

  void Clear() {
    for (Slot& slot : slots_) {
      if (slot.key.load(std::memory_order_relaxed) != 0) slot.key.store(0, std::memory_order_relaxed);
    }
  }

 private:
  static constexpr uintptr_t kErased = 1, kBusy = 2;
  static constexpr size_t kMaxProbes = kSlots < 64 ? kSlots : 64;
  struct Slot {
    std::atomic<uintptr_t> key{0};
    std::atomic<Value> value{};
  };

  static size_t Hash(uintptr_t key) { return (key * 0x9e3779b97f4a7c15ull) >> 32 & (kSlots - 1); }

  Slot* FindSlot(uintptr_t key) {
    for (size_t probe = 0, i = Hash(key); probe < kMaxProbes; ++probe, i = (i + 1) & (kSlots - 1)) {
      const uintptr_t held = slots_[i].key.load(std::memory_order_acquire);
      if (held == key) return &slots_[i];
      if (held == 0) return nullptr;
    }
    return nullptr;
  }

  Slot slots_[kSlots];
};

}  // namespace rankle::hooks
