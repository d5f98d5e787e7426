// What the kernel tells of a job: of each rank its waiting for cores, quota, memory and disks, of each link
// its round trips, retransmissions and queues. `rankle run` writes it as kernel.json beside the records
// (docs/host-faults.md); counters are since the first look.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankle::kernel {

struct RankPressure {
  int rank = 0;
  double seen_s = 0;       // between first and last look
  double cpu_s = 0;        // of all its threads that were alive at the last look
  double core_wait_s = 0;  // runnable, and no core was free
  double throttled_s = 0;  // its control group's quota was used up
  double disk_wait_s = 0;  // some thread was in uninterruptible sleep
  double frozen_s = 0;     // its control group's freezer held it
  bool frozen = false;     // at the last look
  uint64_t oom_kills = 0;  // in its control group
  uint64_t major_faults = 0;
};

// From one rank's host to another's: of all TCP connections between them, the sender's side unless said
// otherwise.
struct LinkPressure {
  int source = 0, destination = 0;
  uint64_t looks = 0;      // at which there was a connection
  uint64_t in_flight = 0;  // of these, something was not acknowledged
  uint64_t under_way = 0;  // of these, something was sent and had not arrived (some 0.1 ms later)
  uint64_t queued = 0;     // of these, something waited in the sender's own queue (qdisc or driver)
  double min_rtt_us = 0;   // 0 = not known
  double rtt_us = 0;       // median of the looks with something in flight; 0 = none
  uint64_t segments = 0, retransmits = 0;        // with data
  uint64_t bytes_acked = 0, bytes_received = 0;  // received: by the destination
  // What the source sent and the destination did not get, acknowledgements included: of each connection when
  // it was last seen with nothing in flight, so that what is under way does not count.
  uint64_t packets_lost = 0;
  // At the last look: since when something that was sent has not arrived, and nothing was acknowledged. What
  // has arrived and is not acknowledged is stuck on the way back.
  double stuck_s = 0;
};

// What only probes in the kernel see, of attached processes (docs/ebpf.md). All threads of a rank's processes
// added up, unless said otherwise.
struct RankWaits {
  int rank = 0;
  double asleep_s = 0;
  double away_s = 0;         // of the threads that call NCCL or CUDA: asleep outside of these calls
  double memory_wait_s = 0;  // freeing memory before any was given
  uint64_t page_faults = 0;
  uint64_t disk_requests = 0;                     // to block devices, answered
  double disk_request_s = 0, disk_longest_s = 0;  // all of them added up; the longest
};

struct KernelRecord {
  double seen_s = 0;
  std::vector<RankPressure> ranks;
  std::vector<LinkPressure> links;
  std::vector<RankWaits> waits = {};  // of `rankle attach` only
};

std::string KernelRecordJson(const KernelRecord& record);

}  // namespace rankle::kernel
