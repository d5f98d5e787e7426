// run.json of an output directory: how each process of a run ended (docs/run-environment.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::import {

struct RunProcess {
  int32_t pid = 0, rank = -1;
  std::string host;                       // of its own (run --hosts); "" = the launcher's
  uint64_t started_ns = 0, ended_ns = 0;  // CLOCK_MONOTONIC; ended 0 = it had not ended
  int32_t exit_code = 0, signal = 0;
  std::string ended_by;
};

struct RunInfo {
  std::string command, host;
  uint64_t job_id = 0;
  int32_t n = 0;
  uint64_t start_realtime_ns = 0, start_monotonic_ns = 0, end_monotonic_ns = 0;
  std::vector<RunProcess> processes;
  std::vector<uint64_t> stalls_ns, resumed_ns;
  bool StandsStill() const { return stalls_ns.size() > resumed_ns.size(); }
};

absl::StatusOr<RunInfo> ParseRunJson(const std::string& text, const std::string& name);
bool LooksLikeRunJson(const std::string& first_bytes);
// Number of a signal given as a number or as a name with or without SIG; 0 = unknown.
int SignalNumber(const std::string& name);
// "SIGKILL"
std::string SignalName(int signal);

}  // namespace rankle::import
