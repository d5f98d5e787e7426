// Lines of PyTorch's watchdog over its process groups (ProcessGroupNCCL). Only texts are matched: line
// numbers and prefixes differ between versions. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace rankle::import {

enum class WatchdogLineKind : uint8_t {
  kTimeout,     // an operation of this rank did not finish in time
  kStatus,      // how far the rank came in a group
  kDumpSignal,  // somebody noticed a timeout, and this rank tells how far it came: a consequence
  kStuck,       // the watchdog itself stands still
  kTakenDown,   // the watchdog ends its process
  kError,       // NCCL or CUDA reported an error to the watchdog, which it repeats
};

struct WatchdogLine {
  WatchdogLineKind kind = WatchdogLineKind::kTimeout;
  int32_t rank = -1;                    // in the whole job: "[rank3]:" before the line
  int32_t group_rank = -1;              // as the message says: in the group
  std::string_view group, description;  // "0", "default_pg"; "" = not told
  // Work numbers of the group; -1 = none yet, or not told.
  int64_t sequence = -1, enqueued = -1, completed = -1;
  bool has_status = false;
  std::string_view operation;  // "ALLREDUCE"
  std::string_view error;      // kError: its text
  bool ends_process = false;   // kError: the watchdog dies of it, and its process with it
  int64_t elements_in = -1, elements_out = -1, timeout_ms = -1, ran_ms = -1;
};

// Worth a closer look?
bool MayBeWatchdogLine(std::string_view line);
bool ParseWatchdogLine(std::string_view line, WatchdogLine& parsed);

}  // namespace rankle::import
