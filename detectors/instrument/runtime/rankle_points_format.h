// The points record: what an instrumented process leaves behind. One mapped file a process,
// `points-<pid>-<start>.rkp`, made at full size.
//
// Layout: FileHeader | SiteEntry[site_capacity] | SignatureEntry[signature_capacity] |
// NestEntry[nest_capacity], offsets in the header. Nests since 1.1.
//
// Contract
//  - MAP_SHARED, blocks reserved: what was counted before a SIGKILL is in the file; a full disk raises no
//  SIGBUS.
//  - Many threads write without a lock. An entry is claimed by compare-and-swap of `key`; the words that say
//  what it
//    is for are stored after that. A reader that finds a key and no point has met a writer that was killed
//    between.
//  - All tables are hash tables that only grow. A full one loses what is new, and counts that (lost_*).
//  - Of a run of a loop, iterations beyond the 64th reach the file in batches of 64 and when the run ends or
//  takes
//    another way: at most 64 are lost by SIGKILL.
//  - Fixed width, little endian, version first after the magic.
// Written for C++11, any compiler: it is copied into trees of others.
#pragma once

#include <stdint.h>

#include <atomic>

namespace rankle_points {

constexpr uint16_t kVersionMajor = 1;
constexpr uint16_t kVersionMinor = 1;
constexpr uint32_t kSiteCapacity = 8192;        // powers of two: 0.5 MiB
constexpr uint32_t kSignatureCapacity = 16384;  // 4 MiB
constexpr uint32_t kNestCapacity = 2048;        // 0.5 MiB
constexpr uint32_t kKeptSteps = 24;
constexpr uint32_t kNestBins = 27;

struct FileHeader {
  char magic[8];  // "RNKLPTS1"
  uint16_t version_major, version_minor;
  uint32_t pid;
  uint64_t realtime_ns, monotonic_ns;  // read together
  uint32_t site_capacity, signature_capacity;
  uint32_t site_bytes, signature_bytes;  // of one entry
  uint64_t sites_offset, signatures_offset;
  std::atomic<uint64_t> lost_sites, lost_signatures;
  uint32_t nest_capacity, nest_bytes;
  uint64_t nests_offset;
  std::atomic<uint64_t> lost_nests;
  char padding[4096 - 104];
};
static_assert(sizeof(FileHeader) == 4096, "layout");

// A point as it was reached from one pair of callers. Callers are the functions (hash of the USR) whose
// instrumented calls were around it; 0: none.
struct SiteEntry {
  std::atomic<uint64_t> key;  // 0: free
  uint64_t point;             // the id as a number
  uint64_t caller, caller_of_caller;
  std::atomic<uint64_t> hits;      // how often it was reached; of a loop: entered
  std::atomic<uint64_t> count;     // loop: iterations. throw: times thrown. detector: answers that were true
  std::atomic<uint64_t> most;      // loop: iterations of the longest run that ended
  std::atomic<uint64_t> injected;  // GROUND TRUTH: faults and delays that fired here
};
static_assert(sizeof(SiteEntry) == 64, "layout");

// One ordered list of branch outcomes and points reached: of an iteration of a loop, told apart by loop and
// callers. Every iteration is counted: the one in which something fails may be the ten-thousandth.
struct SignatureEntry {
  std::atomic<uint64_t> key;
  uint64_t point;  // the loop
  uint64_t caller, caller_of_caller;
  uint64_t signature;  // hash of all steps
  std::atomic<uint64_t> seen;
  uint64_t steps;             // how many there were
  uint64_t last[kKeptSteps];  // the last ones, oldest first: id with its last byte replaced by the outcome
  uint64_t reserved;
};
static_assert(sizeof(SignatureEntry) == 256, "layout");
// A loop that ran within iterations of another one, also through calls: how many iterations of it one
// iteration of the other one held.
struct NestEntry {
  std::atomic<uint64_t> key;
  uint64_t point;  // the inner loop
  uint64_t caller, caller_of_caller;
  uint64_t parent;  // the innermost loop around it
  std::atomic<uint64_t>
      bins[kNestBins];  // iterations of the parent, by LeastOfBin; those with none are not counted
};
static_assert(sizeof(NestEntry) == 256, "layout");

// 1 to 16 one by one, then 17, 32, 64 and so on: the least number of iterations in a bin.
constexpr uint64_t LeastOfBin(uint32_t bin) {
  return bin < 16 ? bin + 1 : bin == 16 ? 17 : uint64_t(32) << (bin - 17);
}
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "lock-free counters");

}  // namespace rankle_points
