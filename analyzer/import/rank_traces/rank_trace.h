// What a file of a profiler or an execution trace tells of the communication of one rank, whatever its
// format: one form between the readers of formats and assemble_job.h, which puts the ranks of a job together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankle::import {

// No job has more: a trace that says so is damaged.
inline constexpr int32_t kMostRanks = 1 << 20;

// A time that the file does not tell. Any other value is one: a trace may begin at 0.
inline constexpr int64_t kNotTold = INT64_MIN;

// RankOperation::group_size of a group that need not have all ranks of the job.
inline constexpr int32_t kSomeRanks = -1;

// A collective, send or receive: a kernel of NCCL joined with the call that enqueued it, or the call alone.
// Times are nanoseconds on the clock of the file.
struct RankOperation {
  std::string name;  // PyTorch's ("allreduce"), else what the kernel says ("AllReduce")
  bool named_by_kernel = false;
  std::string group;           // name of the process group; "" = not told
  std::string group_title;     // its description, for people
  std::vector<int32_t> ranks;  // of the group; empty = not told, or cut off
  int32_t group_size = 0;      // 0 = not told, then that of the job; kSomeRanks = not told
  int64_t sequence = -1;       // the number that the framework gave it in its group; -1 = not told
  int32_t peer = -1;           // global rank, of a send or receive
  uint64_t elements = 0;
  std::string dtype;
  uint32_t stream = 0, device = 0;
  uint64_t shared_id = 0;        // the same on all ranks that take part ("Comms Id"); 0 = not told
  int64_t called_ns = kNotTold;  // on the CPU
  int64_t started_ns = kNotTold, finished_ns = kNotTold;  // on the device
};

struct RankStep {
  int64_t number = 0, begin_ns = 0, end_ns = 0;
};

struct RankGroup {
  std::string name, title;
  std::vector<int32_t> ranks;
};

struct RankTrace {
  std::string file, host;                 // host "" = not told
  int32_t pid = 0;                        // 0 = not told
  int32_t rank = -1, world_size = 0;      // -1, 0 = not told
  std::vector<RankGroup> groups;          // of the job, as the file lists them
  std::vector<RankOperation> operations;  // in the order of the device, or of the calls
  std::vector<RankStep> steps;
  uint64_t events = 0, malformed = 0;  // malformed: of those that matter, left out
  bool cut = false;                    // the file ends inside of an event
};

}  // namespace rankle::import
