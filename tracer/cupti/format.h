// The kernel record: when NCCL's kernels ran on the devices of a process, as CUPTI saw it. A file of its own,
// `kernels-<pid>-<start>.rkd`, beside the flight record: CUPTI is optional, works without librankle.so, and
// tells a kernel some time after it ended, when the flight record of its operation may be closed.
//
// Layout, offsets and capacities in the header: FileHeader | NameEntry[] | KernelRow[].
//
// Contract
//  - Created at full size with its blocks reserved, mapped MAP_SHARED: what was stored before a SIGKILL is in
//    the file, and a disk that fills up later cannot raise SIGBUS in the job.
//  - A ring: kernel n (from 1) lies in row (n - 1) % capacity; the oldest are overwritten, and `kernels` says
//    how many there were. Kernels come in the order in which CUPTI hands them on: by stream in order of time.
//  - `lost` counts kernels of any name that CUPTI dropped; those of a killed process that CUPTI still held
//    are counted nowhere.
//  - Times are CLOCK_MONOTONIC ns of the host; the header relates them to real time.
//  - Fixed width, little endian. A reader refuses other major versions.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace rankle::cupti {

inline constexpr char kMagic[8] = {'R', 'N', 'K', 'L', 'K', 'R', 'N', '1'};
inline constexpr uint16_t kVersionMajor = 1;
inline constexpr uint16_t kVersionMinor = 0;

// As many as the flight record keeps operations, each of which has a kernel at most, usually.
inline constexpr uint32_t kRowCapacity = 1u << 16;
// NCCL 2.28 has fewer than 100 kernels; what comes beyond has no name.
inline constexpr uint32_t kNameCapacity = 256;
inline constexpr uint32_t kNoName = 0xffff'ffff;

struct NameEntry {
  std::atomic<uint32_t> used;  // 0 = free, or being filled
  char text[60];               // NUL terminated
};
static_assert(sizeof(NameEntry) == 64);

struct alignas(64) KernelRow {
  std::atomic<uint64_t> number;  // from 1; 0 = free, or being filled
  uint64_t start_ns, end_ns;
  uint32_t device, stream, correlation, graph;  // as in activity.h
  uint32_t name;                                // index into the names, or kNoName
  uint8_t reserved[20];
};
static_assert(sizeof(KernelRow) == 64);

struct alignas(4096) FileHeader {
  char magic[8];
  uint16_t version_major, version_minor;
  uint32_t header_bytes;
  uint64_t file_bytes;
  uint64_t name_offset, row_offset;
  uint32_t name_capacity, row_capacity;
  uint32_t name_bytes, row_bytes;  // sizes of the writer's entries

  int32_t pid;
  int32_t rank;  // global rank, -1 = unknown
  uint64_t job_id;
  uint64_t start_realtime_ns, start_monotonic_ns;  // read together
  char host[64];

  std::atomic<uint64_t> kernels;  // begun to be written, ever
  std::atomic<uint64_t> lost;
};
static_assert(sizeof(FileHeader) == 4096);
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::is_standard_layout_v<KernelRow> && std::is_standard_layout_v<NameEntry>);

}  // namespace rankle::cupti
