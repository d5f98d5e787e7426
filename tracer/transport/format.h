// The transport record: what crossed each link of a process, as the NCCL profiler plugin sees it. A file of
// its own, `transport-<pid>-<start>.rkt`, beside the flight record:
//  - the plugin is loaded by NCCL and librankle.so by the loader; each works where the other cannot (a
//    statically linked NCCL, a job without preload), so neither may need the other's mapping;
//  - it is an aggregate with a fixed size, the flight record is a ring: they grow and version differently.
//
// Layout, offsets and capacities in the header: FileHeader | CommEntry[] | LinkEntry[] | StepSlot[] |
// OperationSlot[] (since 1.1).
//
// Contract
//  - Created at full size with its blocks reserved, mapped MAP_SHARED: what was stored before a SIGKILL is in
//    the file, and a disk that fills up later cannot raise SIGBUS in the job.
//  - Many threads write without a lock, all counters are atomic. Lost at most: the steps that two threads
//    count on one link in the instant in which a window of time is reused.
//  - A full table loses records, never calls; the header counts what was lost.
//  - Times are CLOCK_MONOTONIC ns of the host; the header relates them to real time.
//  - Fixed width, little endian. A reader refuses other major versions.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#include "tracer/transport/histogram.h"

namespace rankle::transport {

inline constexpr char kMagic[8] = {'R', 'N', 'K', 'L', 'T', 'R', 'P', '1'};
inline constexpr uint16_t kVersionMajor = 1;
inline constexpr uint16_t kVersionMinor = 1;

inline constexpr uint32_t kCommCapacity = 256;
inline constexpr uint32_t kLinkCapacity = 512;   // power of two
inline constexpr uint32_t kStepCapacity = 4096;  // power of two
// The last operations and all that are in flight; power of two.
inline constexpr uint32_t kOperationCapacity = 1024;
// The last 30 s in six windows; what is older is known from the totals.
inline constexpr uint32_t kWindows = 6;
inline constexpr uint64_t kWindowNs = 5'000'000'000;

// Small messages take the time of a message, large ones the time of their bytes: each kind is comparable
// among links whose traffic differs, both together are not.
enum class Measure : uint32_t {
  kLatency = 0,      // ns of a step below kLargeStepBytes, or of unknown size
  kInverseRate = 1,  // ns for a MiB, of larger steps
};
inline constexpr int kMeasures = 2;
inline constexpr uint32_t kLargeStepBytes = 32 << 10;
inline constexpr uint64_t kRateUnitBytes = 1 << 20;

struct Histogram {
  std::atomic<uint32_t> buckets[kBuckets];
};

struct Window {
  std::atomic<uint32_t> number;  // 1 + time since start / kWindowNs; 0 = never used
  uint32_t reserved;
  std::atomic<uint64_t> bytes;
  Histogram times[kMeasures];
};

// One direction between two ranks of a communicator on one channel. The same link has an entry in the file of
// its sender and one in that of its receiver.
struct alignas(64) LinkEntry {
  std::atomic<uint64_t> key;     // LinkKey::Pack; 0 = free
  std::atomic<uint64_t> posted;  // steps begun
  std::atomic<uint64_t> moved;   // steps through: sent, or received
  std::atomic<uint64_t> bytes;
  std::atomic<uint64_t> last_posted_ns, last_moved_ns;
  uint64_t reserved[2];
  // Of a sender: from handing data to the network until it was gone, without waits for the device or for the
  // peer's buffers. Of a receiver: from posting the buffer to the arrival, which includes waiting for the
  // sender. Only steps whose library reports those states are timed.
  Histogram times[kMeasures];
  Window windows[kWindows];
};
static_assert(sizeof(LinkEntry) == 9152);

struct LinkKey {
  uint32_t comm = 0;  // index into the table of communicators, < 2^12
  uint32_t self = 0;  // the rank in the communicator whose side this is, < 2^20
  uint32_t peer = 0;  // < 2^20
  uint32_t channel = 0;
  bool is_send = false;

  constexpr uint64_t Pack() const {
    return uint64_t{1} << 63 | uint64_t{comm} << 49 | uint64_t{self} << 29 | uint64_t{peer} << 9 |
           uint64_t{channel & 0xff} << 1 | uint64_t{is_send};
  }
  static constexpr LinkKey Unpack(uint64_t key) {
    return {static_cast<uint32_t>(key >> 49) & 0xfff, static_cast<uint32_t>(key >> 29) & 0xfffff,
            static_cast<uint32_t>(key >> 9) & 0xfffff, static_cast<uint32_t>(key >> 1) & 0xff,
            (key & 1) != 0};
  }
};

// A step in flight. A cache line each: different threads end neighbouring steps.
struct alignas(64) StepSlot {
  std::atomic<uint32_t> link;  // index into the table of links + 1; 0 = free
  uint32_t step;               // number in its operation
  uint32_t bytes;              // 0 = not known (yet)
  uint32_t operation;          // OperationSlot::number it belongs to; 0 = not known
  uint64_t posted_ns;
  uint64_t moving_ns;   // handed to the network (sends), posted (receives); 0 = not yet
  uint64_t arrived_ns;  // receives: the data is there; 0 = not yet
};
static_assert(sizeof(StepSlot) == 64);

enum Side : uint32_t { kSends = 0, kReceives = 1 };
inline constexpr int kSides = 2;

// What NCCL works on: a collective, a send or a receive, and how far its steps are. Slots are used in turn;
// one with transfers in flight is not taken over.
struct alignas(128) OperationSlot {
  std::atomic<uint32_t> number;  // 1 + how many the process began before it; 0 = free, or being filled
  uint32_t comm;                 // index into the table of communicators
  char function[16];             // as NCCL calls it: "AllReduce", "Send"; NUL terminated
  uint64_t count;                // elements
  uint64_t sequence;  // NCCL's own number: of this function in this communicator; 0 for send and receive
  int32_t peer;       // of a send or receive; else the root
  std::atomic<uint32_t> open;  // transfers (links) of it that have begun and not ended
  uint64_t begun_ns;
  std::atomic<uint64_t> first_posted_ns, last_moved_ns;
  std::atomic<uint64_t> bytes;
  std::atomic<uint32_t> posted[kSides], moved[kSides];  // steps
  uint8_t reserved[24];
};
static_assert(sizeof(OperationSlot) == 128);

struct alignas(128) CommEntry {
  std::atomic<uint64_t> init_ns;  // 0 = free
  std::atomic<uint64_t> gone_ns;
  std::atomic<uint64_t> hash;   // NCCL's identity of the communicator; 0 = not told (plugin ABI before v4)
  std::atomic<int32_t> rank;    // -1 = not told yet
  std::atomic<int32_t> nranks;  // 0 = not told
  char name[64];                // NUL terminated, may be empty
  uint8_t reserved[32];
};
static_assert(sizeof(CommEntry) == 128);

struct alignas(4096) FileHeader {
  char magic[8];
  uint16_t version_major, version_minor;
  uint32_t header_bytes;
  uint64_t file_bytes;
  uint64_t comm_offset, link_offset, step_offset;
  uint32_t comm_capacity, link_capacity, step_capacity;
  uint32_t comm_bytes, link_bytes, step_bytes;  // sizes of the writer's entries
  uint32_t window_count, bucket_count;
  uint64_t window_ns;

  int32_t pid;
  int32_t rank;  // global rank, -1 = unknown
  uint64_t job_id;
  uint64_t start_realtime_ns, start_monotonic_ns;  // read together
  char host[64];

  std::atomic<uint64_t> comms_dropped, links_dropped, steps_dropped;

  // Since 1.1; zero in older files.
  uint64_t operation_offset;
  uint32_t operation_capacity, operation_bytes;
  std::atomic<uint64_t> operations_dropped;
};
static_assert(sizeof(FileHeader) == 4096);
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::is_standard_layout_v<LinkEntry> && std::is_standard_layout_v<StepSlot>);

}  // namespace rankle::transport
