// The site record: which interposed functions a process called, from where, how often, and what came back. A
// file of its own, `sites-<pid>-<start>.rks`, beside the flight record: it counts instead of listing, so it
// holds a whole run however long, and it is there for processes that never call NCCL or CUDA.
//
// Layout: FileHeader | slot[]. Slots are 256 bytes each and of four kinds: modules, names, call sites,
// injected faults. They are taken one after another as they are needed and never given back. Most processes
// of a job are shells and helpers with a few sites: the file is made with the first slots only, and grows.
//
// Contract
//  - The blocks of the file are reserved, and it is mapped MAP_SHARED: what was stored before a SIGKILL is in
//    the file, and a disk that fills up later cannot raise SIGBUS in the job.
//  - A site is (function, return address, return address of its caller). What finds no slot is counted in
//    `lost` and nowhere else. No lock anywhere.
//  - `hits` is counted when a call is entered, an outcome when it returned: what is missing among the
//  outcomes
//    was under way when the record ended (or did not return: a successful exec, the end of the thread).
//  - Addresses are kept as (module, offset from its load base), so they mean the same in every run.
//  - Times are CLOCK_MONOTONIC ns of the host; the header relates them to real time.
//  - Fixed width, little endian. A reader refuses other major versions.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace rankle::sites {

inline constexpr char kMagic[8] = {'R', 'N', 'K', 'L', 'S', 'I', 'T', '1'};
inline constexpr uint16_t kVersionMajor = 1;
inline constexpr uint16_t kVersionMinor = 0;

// A PyTorch process calls from some hundred places; what a program of any size has is not known before. 1
// MiB.
inline constexpr uint32_t kSlotCapacity = 4096;
// With the header 32 KiB; a shell needs about 20.
inline constexpr uint32_t kFirstSlots = 112;
inline constexpr uint32_t kInjectionCapacity = 512;  // the first ones: ground truth is not overwritten
inline constexpr uint32_t kOutcomes = 8;             // different ones of a site that are told apart
inline constexpr uint32_t kNoSlot = 0xffff'ffff;

enum class SlotKind : uint32_t { kFree = 0, kModule = 1, kName = 2, kSite = 3, kInjection = 4 };

// What a call came to. Numbers are stored: append only.
enum class OutcomeKind : uint32_t {
  kNone = 0,
  kOk = 1,
  kError = 2,    // value: errno (getaddrinfo: the EAI_ code)
  kShort = 3,    // fewer bytes were moved than asked for
  kEnd = 4,      // a read that found the end: end of file, or the peer closed
  kTimeout = 5,  // a wait for readiness that ended without any
  kResult = 6,   // value: ncclResult_t, cudaError_t or CUresult
  kType = 7,     // value: slot of the name of the type that was thrown or caught; kNoSlot = no room
};
inline constexpr OutcomeKind kLastOutcomeKind = OutcomeKind::kType;

struct Outcome {
  OutcomeKind kind = OutcomeKind::kNone;
  uint32_t value = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
constexpr uint64_t PackOutcome(Outcome outcome) {
  return static_cast<uint64_t>(outcome.kind) << 32 | outcome.value;
}
constexpr Outcome UnpackOutcome(uint64_t packed) {
  return {static_cast<OutcomeKind>(packed >> 32), static_cast<uint32_t>(packed)};
}

struct OutcomeCount {
  std::atomic<uint64_t> outcome;  // PackOutcome; 0 = free
  std::atomic<uint64_t> count;
};

struct alignas(64) SiteEntry {
  std::atomic<SlotKind> kind;  // kFree = what follows is being filled in
  uint16_t api;                // injector/api/api.h
  uint16_t has_caller;         // 0 = the frame above could not be found
  uint64_t id;                 // site_id.h: the same in every run of the same binaries
  // Return addresses from the load base of their module; absolute when there is no module (code made at run
  // time).
  uint64_t offset, caller_offset;
  uint32_t module, caller_module;  // slots, kNoSlot

  std::atomic<uint64_t> hits;
  std::atomic<uint64_t> injected;           // decisions of the fault plan that fired here
  std::atomic<uint64_t> first_ns, last_ns;  // entered
  std::atomic<uint64_t> time_ns;            // inside, all calls together
  std::atomic<uint64_t> longest_ns;
  std::atomic<uint64_t> bytes;           // moved by reads and writes
  std::atomic<uint64_t> other_outcomes;  // beyond kOutcomes different ones
  OutcomeCount outcomes[kOutcomes];
  uint8_t reserved[24];
};

struct alignas(64) ModuleEntry {
  std::atomic<SlotKind> kind;
  uint32_t build_id_bytes;  // 0 = it has none
  uint64_t base;            // where it was loaded
  uint8_t build_id[32];     // cut where it is longer
  char path[208];           // NUL terminated; cut where it is longer
};

struct alignas(64) NameEntry {
  std::atomic<SlotKind> kind;
  char text[252];  // NUL terminated, as the C++ runtime mangles it; cut where it is longer
};

// GROUND TRUTH: a fault fired. Diagnosis must not read it (only scoring does).
struct alignas(64) InjectionEntry {
  std::atomic<SlotKind> kind;
  uint16_t api, fault;
  uint64_t at_ns;
  uint64_t site;   // SiteEntry::id; 0 = its site found no slot
  uint64_t call;   // which matching call of this process it was
  uint64_t value;  // errno, exit code or signal; short: bytes; delay: ns
  uint8_t action;  // injector/plan/action.h
  uint8_t reserved[215];
};

// Any slot, seen as its kind.
struct alignas(64) Slot {
  std::atomic<SlotKind> kind;
  uint8_t content[252];
};
static_assert(sizeof(Slot) == 256 && sizeof(SiteEntry) == sizeof(Slot) &&
              sizeof(ModuleEntry) == sizeof(Slot) && sizeof(NameEntry) == sizeof(Slot) &&
              sizeof(InjectionEntry) == sizeof(Slot));

struct alignas(4096) FileHeader {
  char magic[8];
  uint16_t version_major, version_minor;
  uint32_t header_bytes;
  uint64_t slot_offset;
  uint32_t slot_bytes;                  // size of the writer's slots
  std::atomic<uint32_t> slot_capacity;  // that the file has room for now
  std::atomic<uint32_t> slots;          // taken

  int32_t pid;
  int32_t rank;  // global rank, -1 = unknown
  uint64_t job_id;
  uint64_t start_realtime_ns, start_monotonic_ns;  // read together
  char host[64];
  char command[256];  // truncated command line, blanks between arguments

  std::atomic<uint64_t> injections;  // fired, ever
  std::atomic<uint64_t> lost;        // calls whose site found no slot
};
static_assert(sizeof(FileHeader) == 4096);
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::is_standard_layout_v<SiteEntry> && std::is_standard_layout_v<ModuleEntry> &&
              std::is_standard_layout_v<NameEntry> && std::is_standard_layout_v<InjectionEntry>);

}  // namespace rankle::sites
