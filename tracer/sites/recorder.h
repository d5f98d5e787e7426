// Writes one site record (format.h), from inside hooks on any thread and in signal handlers: after Create
// nothing here allocates, locks, logs, throws or makes a system call. Where no file is wanted or can be had,
// the same tables lie in memory, so that faults can still be aimed at sites.
#pragma once

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

  // Makes the file, or, where `path` is nullptr, the tables in memory. Returns 0 or an errno value; then the
  // recorder stays closed and every other function is a no-op. Not thread safe. `sites` is a power of two.
  int Create(const char* path, const files::Identity& identity, const char* command,
             uint32_t sites = kSiteCapacity);
  bool is_open() const { return header_ != nullptr; }
  // Forgets the tables without unmapping them (a forked child must not write into its parent's record).
  void Detach() { header_ = nullptr; }

  // The site of a call; nullptr when it is not in the table yet.
  SiteEntry* Find(const SiteKey& key) const;
  // Puts it in, with the modules of its two addresses. nullptr when there is no place; nothing is counted.
  SiteEntry* Add(const SiteKey& key, const CodePlace& place, const CodePlace& caller);

  // A call of this site, nullptr included (it is counted as lost).
  void Entered(SiteEntry* site, uint64_t now_ns);
  static void Returned(SiteEntry* site, Outcome outcome, uint64_t duration_ns, uint64_t bytes);
  void Injected(SiteEntry* site, const Injection& injection);

  // Index of a type's name; kNameCapacity when the table is full.
  uint32_t NameIndex(const char* name);

 private:
  uint32_t ModuleIndex(const Module& module);

  FileHeader* header_ = nullptr;
  ModuleEntry* modules_ = nullptr;
  NameEntry* names_ = nullptr;
  InjectionEntry* injections_ = nullptr;
  SiteEntry* sites_ = nullptr;
  uint32_t mask_ = 0;
};

}  // namespace rankle::sites
