// Writes one site record (format.h), from inside hooks on any thread and in signal handlers: after Create
// nothing here allocates, locks, logs or throws, and the only system calls are those that make the file
// larger. Where no file is wanted or can be had, the same slots lie in memory, so that faults can still be
// aimed at sites.
#pragma once

#include <atomic>
#include <cstdint>

#include "tracer/files/identity.h"
#include "tracer/sites/format.h"

namespace rankle::sites {

// A loaded binary. The texts are copied.
struct Module {
  uint64_t base = 0;
  const char* path = "";  // "" = no module
  uint8_t build_id[sizeof(ModuleEntry::build_id)] = {};
  uint32_t build_id_bytes = 0;
};

// At the same place, of the same build.
bool IsSameModule(const ModuleEntry& entry, const Module& module);

// An address with the module that it lies in.
struct CodePlace {
  uint64_t address = 0;
  Module module;
};

// A fired fault, as InjectionEntry stores it.
struct Injection {
  uint64_t at_ns = 0, site = 0, call = 0, value = 0;
  uint16_t api = 0, fault = 0;
  uint8_t action = 0;
};

// 0 = the frame above is unknown. Absolute addresses: what a look-up has at hand.
struct SiteKey {
  uint16_t api = 0;
  uint64_t address = 0, caller = 0;
};

class Recorder {
 public:
  constexpr Recorder() = default;

  // Makes the file, or, where `path` is nullptr, the slots in memory. Returns 0 or an errno value; then the
  // recorder stays closed and every other function is a no-op. Not thread safe. `most` slots at most.
  int Create(const char* path, const files::Identity& identity, const char* command,
             uint32_t most = kSlotCapacity);
  bool is_open() const { return header_ != nullptr; }
  // Forgets the slots without unmapping them (a forked child must not write into its parent's record).
  void Detach() { header_ = nullptr; }

  // No slot is left: Add need not be tried.
  bool is_full() const {
    return header_ == nullptr || header_->slots.load(std::memory_order_relaxed) >= most_;
  }

  // The site of a call; nullptr when it has none yet.
  SiteEntry* Find(const SiteKey& key) const;
  // Makes it, with the modules of its two addresses. nullptr when there is no slot; nothing is counted.
  SiteEntry* Add(const SiteKey& key, const CodePlace& place, const CodePlace& caller);

  // After modules were unloaded: forgets the sites for whose module (and the caller's) `is_there` says no, so
  // that what is loaded to their addresses has sites of its own. What was counted stays; a site that comes
  // back goes on. Calls may go on meanwhile.
  using IsThere = bool (*)(uint64_t address, const ModuleEntry& module);
  void ForgetUnloaded(IsThere is_there);

  // A call of this site, nullptr included (it is counted as lost).
  void Entered(SiteEntry* site, uint64_t now_ns);
  static void Returned(SiteEntry* site, Outcome outcome, uint64_t duration_ns, uint64_t bytes);
  void Injected(SiteEntry* site, const Injection& injection);

  // The slot of a type's name, kNoSlot.
  uint32_t NameSlot(const char* name);

 private:
  // Where the site of a key lies, for look-ups: not in the file, which readers walk through. Twice as many as
  // there may be sites, so that searches are short.
  struct Known {
    std::atomic<uint64_t> key{0};  // 0 = free
    std::atomic<SiteEntry*> site{nullptr};
  };
  static constexpr uint32_t kKnown = 2 * kSlotCapacity;

  Known* Look(uint64_t key);
  uint32_t TakeSlot();
  bool Grow(uint32_t capacity);
  template <typename Entry>
  Entry& At(uint32_t slot) {
    return reinterpret_cast<Entry*>(slots_)[slot];
  }
  template <typename Entry, typename Matches, typename Fill>
  uint32_t FindOrAdd(SlotKind kind, const Matches& matches, const Fill& fill);
  uint32_t ModuleSlot(const Module& module);
  bool IsThereStill(uint32_t module, uint64_t offset, IsThere is_there);
  SiteEntry* FindSite(uint16_t api, uint64_t id, uint32_t module, uint32_t caller_module);

  FileHeader* header_ = nullptr;
  Slot* slots_ = nullptr;
  uint32_t most_ = 0;
  std::atomic<bool> growing_{false};
  bool used_ = false;                // the index may hold something
  std::atomic<bool> forgot_{false};  // some sites are not in the index any more
  char path_[4096] = {};             // "" = in memory
  Known known_[kKnown] = {};
};

}  // namespace rankle::sites
