// What one SQLite export of Nsight Systems (`nsys export --type sqlite`) tells of NCCL: its ranges, its
// kernels, the calls that launched them. The tables are made lazily and change with versions: any of them,
// and any column, may be missing (docs/importers.md has those that are read).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/import/nsys/nvtx_payload.h"

namespace rankle::import {

// Nsight numbers processes and threads over all machines of a session; a thread's number holds its process's.
inline uint64_t ProcessOfThread(uint64_t thread) { return thread & ~uint64_t{0xffffff}; }
inline int32_t PidOf(uint64_t process) { return static_cast<int32_t>(process >> 24 & 0xffffff); }

// Times are nanoseconds since the session began; see NsysProfile::session_ns.
struct NsysRange {
  uint64_t thread = 0;
  int64_t start_ns = 0, end_ns = 0;
  std::string name;  // "ncclAllReduce"
  NcclPayload payload;
};

struct NsysKernel {
  uint64_t process = 0;  // 0 = not told
  int64_t start_ns = 0, end_ns = 0;
  uint32_t device = 0, stream = 0;
  std::string name;
  uint64_t launch_thread = 0;  // 0 = the launch is not on record
  int64_t launch_ns = 0;
};

struct NsysProfile {
  std::string file, host;
  int64_t session_ns = 0;                 // begin of the session since the epoch; 0 = not told
  std::vector<NsysRange> ranges;          // of NCCL only, by thread and start
  std::vector<NsysKernel> kernels;        // of NCCL only, by process, device and start
  std::map<uint64_t, int32_t> mpi_ranks;  // by process, where MPI was traced
  int32_t named_rank = -1;  // of all processes of the file, by what was captured of the environment
  uint64_t malformed = 0;
};

// Is it such an export, by the names of the tables? `first_bytes`: of the file, for damaged ones.
bool IsNsysExport(const std::string& path, std::string_view first_bytes);

// Error: unreadable, damaged, or no table that could tell anything of NCCL.
absl::StatusOr<NsysProfile> ReadNsysProfile(const std::string& path);

}  // namespace rankle::import
