#include "tracer/sites/recorder.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "tracer/files/create_mapped.h"
#include "tracer/sites/site_id.h"

namespace rankle::sites {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

constexpr uint64_t kModuleOffset = sizeof(FileHeader);
constexpr uint64_t kNameOffset = kModuleOffset + kModuleCapacity * sizeof(ModuleEntry);
constexpr uint64_t kInjectionOffset = kNameOffset + kNameCapacity * sizeof(NameEntry);
constexpr uint64_t kSiteOffset = kInjectionOffset + kInjectionCapacity * sizeof(InjectionEntry);
// A full table is searched no further than this: a bound on what a lost call costs.
constexpr uint32_t kProbes = 64;
// Entry states of modules and names between free (0) and ready (1).
constexpr uint32_t kFilling = 2;

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

// The entry of a table that `matches`, or a free one that `fill` makes it. An entry that another thread is
// filling in counts as another's: the worst is the same text twice. Returns `capacity` when all are taken.
template <typename Entry, typename Matches, typename Fill>
uint32_t FindOrAdd(Entry* entries, uint32_t capacity, const Matches& matches, const Fill& fill) {
  for (uint32_t i = 0; i < capacity; ++i) {
    uint32_t state = entries[i].ready.load(kAcquire);
    if (state == 0 && entries[i].ready.compare_exchange_strong(state, kFilling, kAcquire)) {
      fill(entries[i]);
      entries[i].ready.store(1, kRelease);
      return i;
    }
    if (state == 1 && matches(entries[i])) return i;
  }
  return capacity;
}

Place PlaceOf(const CodePlace& code) {
  const Module& module = code.module;
  return {{reinterpret_cast<const char*>(module.build_id), module.build_id_bytes},
          module.path,
          code.address - module.base};
}

}  // namespace

int Recorder::Create(const char* path, const files::Identity& identity, const char* command, uint32_t sites) {
  if (header_ != nullptr) return EALREADY;
  const uint64_t bytes = kSiteOffset + uint64_t{sites} * sizeof(SiteEntry);
  void* map = nullptr;
  if (path != nullptr) {
    if (const int error = files::CreateMapped(path, bytes, &map); error != 0) return error;
  } else {
    map = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) return errno;
  }
  auto* const base = static_cast<char*>(map);
  auto* const header = reinterpret_cast<FileHeader*>(base);
  header->version_major = kVersionMajor, header->version_minor = kVersionMinor;
  header->header_bytes = sizeof(FileHeader), header->file_bytes = bytes;
  header->module_offset = kModuleOffset, header->module_capacity = kModuleCapacity;
  header->module_bytes = sizeof(ModuleEntry);
  header->name_offset = kNameOffset, header->name_capacity = kNameCapacity;
  header->name_bytes = sizeof(NameEntry);
  header->injection_offset = kInjectionOffset, header->injection_capacity = kInjectionCapacity;
  header->injection_bytes = sizeof(InjectionEntry);
  header->site_offset = kSiteOffset, header->site_capacity = sites, header->site_bytes = sizeof(SiteEntry);
  header->pid = identity.pid, header->rank = identity.rank, header->job_id = identity.job_id;
  header->start_realtime_ns = identity.realtime_ns, header->start_monotonic_ns = identity.monotonic_ns;
  CopyText(header->host, identity.host);
  CopyText(header->command, command);
  modules_ = reinterpret_cast<ModuleEntry*>(base + kModuleOffset);
  names_ = reinterpret_cast<NameEntry*>(base + kNameOffset);
  injections_ = reinterpret_cast<InjectionEntry*>(base + kInjectionOffset);
  sites_ = reinterpret_cast<SiteEntry*>(base + kSiteOffset);
  mask_ = sites - 1;
  // The magic comes last: a file with it has a whole header.
  std::atomic_thread_fence(kRelease);
  memcpy(header->magic, kMagic, sizeof(kMagic));
  header_ = header;
  return 0;
}

SiteEntry* Recorder::Find(const SiteKey& key) const {
  if (header_ == nullptr) return nullptr;
  const uint64_t wanted = KeyOf(key);
  for (uint32_t probe = 0; probe < kProbes && probe <= mask_; ++probe) {
    SiteEntry& entry = sites_[(wanted + probe) & mask_];
    const uint64_t found = entry.key.load(kAcquire);
    if (found == wanted) return &entry;
    if (found == 0) return nullptr;
  }
  return nullptr;
}

SiteEntry* Recorder::Add(const SiteKey& key, const CodePlace& place, const CodePlace& caller) {
  if (header_ == nullptr) return nullptr;
  const uint64_t wanted = KeyOf(key);
  for (uint32_t probe = 0; probe < kProbes && probe <= mask_; ++probe) {
    SiteEntry& entry = sites_[(wanted + probe) & mask_];
    uint64_t found = 0;
    if (!entry.key.compare_exchange_strong(found, wanted, kAcquire)) {
      if (found == wanted) return &entry;  // another thread was first, and is perhaps still filling it in
      continue;
    }
    const bool has_caller = key.caller != 0;
    const Place from = PlaceOf(place), above = PlaceOf(caller);
    entry.offset = from.offset, entry.module = ModuleIndex(place.module);
    entry.caller_offset = has_caller ? above.offset : 0;
    entry.caller_module = has_caller ? ModuleIndex(caller.module) : kNoModule;
    entry.api = key.api, entry.has_caller = has_caller;
    entry.id = SiteId(key.api, from, has_caller ? &above : nullptr);
    entry.ready.store(1, kRelease);
    return &entry;
  }
  return nullptr;
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
  InjectionEntry& entry = injections_[number - 1];
  entry.at_ns = injection.at_ns, entry.site = injection.site, entry.call = injection.call;
  entry.value = injection.value, entry.api = injection.api, entry.fault = injection.fault;
  entry.action = injection.action;
  entry.number.store(number, kRelease);
}

uint32_t Recorder::NameIndex(const char* name) {
  if (header_ == nullptr) return kNameCapacity;
  const uint32_t index = FindOrAdd(
      names_, kNameCapacity,
      [&](const NameEntry& entry) { return strncmp(entry.text, name, sizeof(entry.text) - 1) == 0; },
      [&](NameEntry& entry) { CopyText(entry.text, name); });
  if (index == kNameCapacity) header_->lost_names.fetch_add(1, kRelaxed);
  return index;
}

uint32_t Recorder::ModuleIndex(const Module& module) {
  if (module.path[0] == '\0' && module.build_id_bytes == 0) return kNoModule;
  const uint32_t index = FindOrAdd(
      modules_, kModuleCapacity,
      [&](const ModuleEntry& entry) {
        return entry.base == module.base && strncmp(entry.path, module.path, sizeof(entry.path) - 1) == 0;
      },
      [&](ModuleEntry& entry) {
        entry.base = module.base, entry.build_id_bytes = module.build_id_bytes;
        memcpy(entry.build_id, module.build_id, sizeof(entry.build_id));
        CopyText(entry.path, module.path);
      });
  if (index < kModuleCapacity) return index;
  header_->lost_modules.fetch_add(1, kRelaxed);
  return kNoModule;
}

}  // namespace rankle::sites
