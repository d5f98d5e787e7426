// Puts what a tool of NCCL recorded of the processes of one job together into a Store. Collectives are
// matched by communicator, function and number, never by their place in a file: every process lacks other
// records.
//
// What these tools do not tell: who is stuck, for they write what completed; and mostly what lies between
// operations. Where there are durations and no times, an operation is put before the earliest dump that has
// it, all ranks leaving it together: good for who came last, meaningless for anything else
// (Store::durations_known without device_times).
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "analyzer/import/tool_log.h"
#include "analyzer/store/store.h"

namespace rankle::import {

struct Tool {
  std::string source = {};  // Store::source
  double certainty = 1;     // DataQuality::certainty
  std::string limits = {};  // a note: what cannot be seen
};

// One log a process. Fills an empty store and finishes it. Error: no record can be used.
absl::Status BuildToolStore(std::vector<ToolLog> logs, const Tool& tool, store::Store& store);

}  // namespace rankle::import
