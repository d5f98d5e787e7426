#include "tracer/sites/recorder.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

#include "tracer/files/create_mapped.h"
#include "tracer/sites/site_id.h"

namespace rankle::sites {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

// A crowded index is searched no further than this: a bound on what a lost call costs.
constexpr uint32_t kProbes = 64;
// Growing by so much at a time: 32 KiB, 128 KiB, 512 KiB, all.
constexpr uint32_t kGrowth = 4;

// Copies with truncation; the destination is always terminated.
template <size_t N>
void CopyText(char (&to)[N], const char* from) {
  const size_t length = strnlen(from, N - 1);
  memcpy(to, from, length);
  to[length] = '\0';
}

uint64_t KeyOf(const SiteKey& key) {
  uint64_t hash = (key.address + key.api) * 0x9e3779b97f4a7c15ull;
  hash = (hash ^ (hash >> 32) ^ key.caller) * 0xd6e8feb86659fd93ull;
  hash ^= hash >> 32;
  return hash == 0 ? 1 : hash;
}

void Raise(std::atomic<uint64_t>& largest, uint64_t value) {
  uint64_t seen = largest.load(kRelaxed);
  while (seen < value && !largest.compare_exchange_weak(seen, value, kRelaxed)) {
  }
}

constexpr uint64_t BytesOf(uint32_t slots) { return sizeof(FileHeader) + uint64_t{slots} * sizeof(Slot); }

}  // namespace

bool IsSameModule(const ModuleEntry& entry, const Module& module) {
  return entry.base == module.base && strncmp(entry.path, module.path, sizeof(entry.path) - 1) == 0 &&
         entry.build_id_bytes == module.build_id_bytes &&
         memcmp(entry.build_id, module.build_id, sizeof(entry.build_id)) == 0;
}

namespace {

Place PlaceOf(const CodePlace& code) {
  const Module& module = code.module;
  return {{reinterpret_cast<const char*>(module.build_id), module.build_id_bytes},
          module.path,
          code.address - module.base};
}

}  // namespace

int Recorder::Create(const char* path, const files::Identity& identity, const char* command, uint32_t most) {
  if (header_ != nullptr) return EALREADY;
  most_ = std::min(most, kSlotCapacity);
  const uint32_t first = path != nullptr ? std::min(kFirstSlots, most_) : most_;
  void* map = nullptr;
  path_[0] = '\0';
  if (path != nullptr) {
    if (strlen(path) >= sizeof(path_)) return ENAMETOOLONG;
    CopyText(path_, path);
    if (const int error = files::CreateMapped(path, BytesOf(first), &map, BytesOf(most_)); error != 0)
      return error;
  } else {
    map = mmap(nullptr, BytesOf(most_), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) return errno;
  }
  if (used_) {  // by the parent: fresh memory need not be touched
    for (Known& known : known_) {
      known.key.store(0, kRelaxed);
      known.site.store(nullptr, kRelaxed);
    }
  }
  used_ = true;
  forgot_.store(false, kRelaxed);
  growing_.store(false, kRelaxed);
  auto* const header = static_cast<FileHeader*>(map);
  header->version_major = kVersionMajor, header->version_minor = kVersionMinor;
  header->header_bytes = sizeof(FileHeader);
  header->slot_offset = sizeof(FileHeader), header->slot_bytes = sizeof(Slot);
  header->slot_capacity.store(first, kRelaxed);
  header->pid = identity.pid, header->rank = identity.rank, header->job_id = identity.job_id;
  header->start_realtime_ns = identity.realtime_ns, header->start_monotonic_ns = identity.monotonic_ns;
  CopyText(header->host, identity.host);
  CopyText(header->command, command);
  slots_ = reinterpret_cast<Slot*>(static_cast<char*>(map) + sizeof(FileHeader));
  // The magic comes last: a file with it has a whole header.
  std::atomic_thread_fence(kRelease);
  memcpy(header->magic, kMagic, sizeof(kMagic));
  header_ = header;
  return 0;
}

// The place of a key in the index, made when it is new; nullptr when the index is crowded there.
Recorder::Known* Recorder::Look(uint64_t key) {
  for (uint32_t probe = 0; probe < kProbes; ++probe) {
    Known& known = known_[(key + probe) % kKnown];
    uint64_t found = known.key.load(kAcquire);
    if (found == key || (found == 0 && known.key.compare_exchange_strong(found, key)) || found == key)
      return &known;
  }
  return nullptr;
}

// One thread makes the file larger; the others lose a call rather than wait.
bool Recorder::Grow(uint32_t capacity) {
  if (capacity >= most_ || growing_.exchange(true, kAcquire)) return false;
  const uint32_t larger = std::min(capacity * kGrowth, most_);
  const bool grown =
      header_->slot_capacity.load(kRelaxed) == capacity && files::GrowMapped(path_, BytesOf(larger)) == 0;
  if (grown) header_->slot_capacity.store(larger, kRelease);
  growing_.store(false, kRelease);
  return true;  // by us, or by another thread just before
}

uint32_t Recorder::TakeSlot() {
  uint32_t taken = header_->slots.load(kRelaxed);
  uint32_t tries = 0;
  while (true) {
    const uint32_t capacity = header_->slot_capacity.load(kAcquire);
    if (taken < capacity) {
      if (header_->slots.compare_exchange_weak(taken, taken + 1, kRelaxed)) return taken;
      continue;
    }
    // A disk that is full or a file that is gone stays so: no further tries in this call.
    if (++tries > 1 || !Grow(capacity)) return kNoSlot;
    taken = header_->slots.load(kRelaxed);
  }
}

// The slot of that kind that `matches`, or a new one that `fill` makes it. Threads that add the same at the
// same time may both do it: the worst is the same text twice.
template <typename Entry, typename Matches, typename Fill>
uint32_t Recorder::FindOrAdd(SlotKind kind, const Matches& matches, const Fill& fill) {
  const uint32_t taken = header_->slots.load(kAcquire);
  for (uint32_t slot = 0; slot < taken; ++slot) {
    if (slots_[slot].kind.load(kAcquire) == kind && matches(At<Entry>(slot))) return slot;
  }
  const uint32_t slot = TakeSlot();
  if (slot == kNoSlot) return kNoSlot;
  fill(At<Entry>(slot));
  slots_[slot].kind.store(kind, kRelease);
  return slot;
}

SiteEntry* Recorder::Find(const SiteKey& key) const {
  if (header_ == nullptr) return nullptr;
  const uint64_t wanted = KeyOf(key);
  for (uint32_t probe = 0; probe < kProbes; ++probe) {
    const Known& known = known_[(wanted + probe) % kKnown];
    const uint64_t found = known.key.load(kAcquire);
    if (found == wanted) return known.site.load(kAcquire);
    if (found == 0) return nullptr;
  }
  return nullptr;
}

SiteEntry* Recorder::Add(const SiteKey& key, const CodePlace& place, const CodePlace& caller) {
  if (header_ == nullptr) return nullptr;
  Known* const known = Look(KeyOf(key));
  if (known == nullptr) return nullptr;
  const bool has_caller = key.caller != 0;
  const Place from = PlaceOf(place), above = PlaceOf(caller);
  const uint32_t module = ModuleSlot(place.module);
  const uint32_t caller_module = has_caller ? ModuleSlot(caller.module) : kNoSlot;
  const uint64_t id = SiteId(key.api, from, has_caller ? &above : nullptr);
  SiteEntry* first = nullptr;
  if (forgot_.load(kAcquire)) {
    SiteEntry* const before = FindSite(key.api, id, module, caller_module);
    if (before != nullptr) {
      known->site.compare_exchange_strong(first, before, std::memory_order_acq_rel);
      return first != nullptr ? first : before;
    }
  }
  const uint32_t slot = TakeSlot();
  if (slot == kNoSlot) return nullptr;
  auto& entry = At<SiteEntry>(slot);
  entry.api = key.api, entry.has_caller = has_caller;
  entry.id = id;
  entry.offset = from.offset, entry.caller_offset = has_caller ? above.offset : 0;
  entry.module = module, entry.caller_module = caller_module;
  entry.kind.store(SlotKind::kSite, kRelease);
  if (known->site.compare_exchange_strong(first, &entry, std::memory_order_acq_rel)) return &entry;
  entry.kind.store(SlotKind::kFree, kRelease);  // another thread was first: the slot stays empty
  return first;
}

SiteEntry* Recorder::FindSite(uint16_t api, uint64_t id, uint32_t module, uint32_t caller_module) {
  const uint32_t taken = header_->slots.load(kAcquire);
  for (uint32_t slot = 0; slot < taken; ++slot) {
    if (slots_[slot].kind.load(kAcquire) != SlotKind::kSite) continue;
    auto& entry = At<SiteEntry>(slot);
    if (entry.api == api && entry.id == id && entry.module == module && entry.caller_module == caller_module)
      return &entry;
  }
  return nullptr;
}

bool Recorder::IsThereStill(uint32_t slot, uint64_t offset, IsThere is_there) {
  if (slot == kNoSlot) return true;  // code made at run time, or no room to keep its module
  const auto& module = At<ModuleEntry>(slot);
  return is_there(module.base + offset, module);
}

void Recorder::ForgetUnloaded(IsThere is_there) {
  if (header_ == nullptr) return;
  for (Known& known : known_) {
    SiteEntry* const site = known.site.load(kAcquire);
    if (site == nullptr) continue;
    if (IsThereStill(site->module, site->offset, is_there) &&
        IsThereStill(site->caller_module, site->caller_offset, is_there))
      continue;
    forgot_.store(true, kRelease);
    known.site.store(nullptr, kRelease);
  }
}

void Recorder::Entered(SiteEntry* site, uint64_t now_ns) {
  if (site == nullptr) {
    if (header_ != nullptr) header_->lost.fetch_add(1, kRelaxed);
    return;
  }
  site->hits.fetch_add(1, kRelaxed);
  if (site->first_ns.load(kRelaxed) == 0) {
    uint64_t none = 0;
    site->first_ns.compare_exchange_strong(none, now_ns, kRelaxed);
  }
  site->last_ns.store(now_ns, kRelaxed);
}

void Recorder::Returned(SiteEntry* site, Outcome outcome, uint64_t duration_ns, uint64_t bytes) {
  if (site == nullptr) return;
  site->time_ns.fetch_add(duration_ns, kRelaxed);
  Raise(site->longest_ns, duration_ns);
  if (bytes != 0) site->bytes.fetch_add(bytes, kRelaxed);
  const uint64_t packed = PackOutcome(outcome);
  for (OutcomeCount& slot : site->outcomes) {
    uint64_t found = slot.outcome.load(kRelaxed);
    if (found == 0 && slot.outcome.compare_exchange_strong(found, packed, kRelaxed)) found = packed;
    if (found != packed) continue;
    slot.count.fetch_add(1, kRelaxed);
    return;
  }
  site->other_outcomes.fetch_add(1, kRelaxed);
}

void Recorder::Injected(SiteEntry* site, const Injection& injection) {
  if (header_ == nullptr) return;
  if (site != nullptr) site->injected.fetch_add(1, kRelaxed);
  const uint64_t number = header_->injections.fetch_add(1, kRelaxed) + 1;
  if (number > kInjectionCapacity) return;
  const uint32_t slot = TakeSlot();
  if (slot == kNoSlot) return;
  auto& entry = At<InjectionEntry>(slot);
  entry.at_ns = injection.at_ns, entry.site = injection.site, entry.call = injection.call;
  entry.value = injection.value, entry.api = injection.api, entry.fault = injection.fault;
  entry.action = injection.action;
  entry.kind.store(SlotKind::kInjection, kRelease);
}

uint32_t Recorder::NameSlot(const char* name) {
  if (header_ == nullptr) return kNoSlot;
  return FindOrAdd<NameEntry>(
      SlotKind::kName,
      [&](const NameEntry& entry) { return strncmp(entry.text, name, sizeof(entry.text) - 1) == 0; },
      [&](NameEntry& entry) { CopyText(entry.text, name); });
}

uint32_t Recorder::ModuleSlot(const Module& module) {
  if (module.path[0] == '\0' && module.build_id_bytes == 0) return kNoSlot;
  return FindOrAdd<ModuleEntry>(
      SlotKind::kModule, [&](const ModuleEntry& entry) { return IsSameModule(entry, module); },
      [&](ModuleEntry& entry) {
        entry.base = module.base, entry.build_id_bytes = module.build_id_bytes;
        memcpy(entry.build_id, module.build_id, sizeof(entry.build_id));
        CopyText(entry.path, module.path);
      });
}

}  // namespace rankle::sites
