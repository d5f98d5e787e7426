// Reads one file of NCCL's example profiler plugin (<NCCL_PROFILE_DUMP_FILE>_<hash>_<rank>.json): a list of
// Chrome's nestable events that the plugin writes when a communicator ends. Profiler interfaces 1 to 6 print
// the same events of operations; from 4 on there are kernels (cat GPU), before them only proxy threads.
//
// The end of a COLL or P2P event without kernels and proxies inside is the end of the *enqueueing*. Times are
// microseconds since the plugin of that process was loaded. The pools are small (8 operations by default).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "analyzer/import/tool_log.h"

namespace rankle::import {

bool LooksLikeProfilerTrace(std::string_view first_bytes);

class ProfilerTraceReader {
 public:
  ProfilerTraceReader();
  ~ProfilerTraceReader();
  // The next bytes of the file. Error: text that can be no such list; nothing may be fed after it.
  absl::Status Feed(std::string_view bytes);
  // Communicators have size 0: it is not in the file.
  ToolLog Finish(std::string file);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Files of one process (same folder and pid) become one log, and communicators get the size that the ranks
// and peers in all files show.
std::vector<ToolLog> MergeProcesses(std::vector<ToolLog> traces);

}  // namespace rankle::import
