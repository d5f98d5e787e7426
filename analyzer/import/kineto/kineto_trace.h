// What one file of the PyTorch profiler (Kineto) tells of the communication of one rank. The format: Chrome
// trace events with PyTorch's own fields (docs/importers.md has those that are read). Only events of NCCL, of
// c10d and of the profiler's steps are parsed; all others are skipped unread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace rankle::import {

// A time that the file does not tell. Any other value is one: a trace may begin at 0.
inline constexpr int64_t kNotTold = INT64_MIN;

// A collective, send or receive: from a kernel of NCCL, joined with the call that enqueued it.
struct KinetoOperation {
  std::string name;  // PyTorch's ("allreduce"), else what the kernel says ("AllReduce")
  bool named_by_kernel = false;
  std::string group;           // name of the process group; "" = not told
  std::string group_title;     // its description, for people
  std::vector<int32_t> ranks;  // of the group; empty = not told, or cut off
  int32_t group_size = 0;      // 0 = not told
  int64_t sequence = -1;       // "Seq", -1 = not told
  int32_t peer = -1;           // global rank, of a send or receive
  uint64_t elements = 0;
  std::string dtype;
  uint32_t stream = 0, device = 0;
  uint64_t shared_id = 0;                   // "Comms Id": the same on all ranks; 0 = not told
  int64_t called_ns = kNotTold;             // on the CPU
  int64_t started_ns = 0, finished_ns = 0;  // on the device
};

struct KinetoStep {
  int64_t number = 0, begin_ns = 0, end_ns = 0;
};

struct KinetoGroup {
  std::string name, title;
  std::vector<int32_t> ranks;
};

struct KinetoTrace {
  std::string file;
  int32_t rank = -1, world_size = 0;        // -1, 0 = not told
  std::vector<KinetoGroup> groups;          // of the job, as the file lists them
  std::vector<KinetoOperation> operations;  // ordered by start
  std::vector<KinetoStep> steps;
  uint64_t events = 0, malformed = 0;  // malformed: of those that matter, left out
  bool cut = false;                    // the file ends inside of an event
};

bool LooksLikeKineto(std::string_view first_bytes);

// Reads one file, piece by piece. The memory it needs is that of what it keeps and of the longest event.
class KinetoReader {
 public:
  KinetoReader();
  ~KinetoReader();
  KinetoReader(const KinetoReader&) = delete;
  KinetoReader& operator=(const KinetoReader&) = delete;

  // Error: no trace. Nothing may be fed after one.
  absl::Status Feed(std::string_view bytes);
  // The file has ended.
  KinetoTrace Finish(std::string file);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankle::import
