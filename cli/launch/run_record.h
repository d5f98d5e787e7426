// run.json: what `rankle run` started and how each process ended (docs/run-environment.md). Values and their
// JSON form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/launch/exit_status.h"

namespace rankle::cli {

struct RunProcess {
  int pid = 0;
  int rank = -1;          // -1: not started by -n, the launcher knows
  std::string host = {};  // of its own (run --hosts); "" = the record's
  uint64_t started_ns = 0;
  std::optional<ProcessEnd> end;  // absent while it runs
  bool ended_by_rankle = false;
  // A fault made it leave (churn): its end is not the job's. The record does not tell who ended it.
  bool left = false;
};

struct RunRecord {
  std::vector<std::string> command;
  std::string host;
  int n = 0;  // 0: without -n
  int virtual_gpus = 0;
  uint64_t job_id = 0;
  uint64_t seed = 0;
  uint64_t start_realtime_ns = 0, start_monotonic_ns = 0;
  uint64_t end_monotonic_ns = 0;  // 0 while it runs
  std::vector<RunProcess> processes;
  std::optional<int> exit_code;
  std::vector<uint64_t> stalls_ns;   // when hang detection spoke
  std::vector<uint64_t> resumed_ns;  // when the job went on after the stall of the same place
};

std::string RunRecordJson(const RunRecord& record);
absl::StatusOr<RunRecord> ParseRunRecord(std::string_view json, std::string_view name);
absl::Status WriteRunRecord(const RunRecord& record, const std::string& output_dir);
absl::StatusOr<RunRecord> ReadRunRecord(const std::string& output_dir);

}  // namespace rankle::cli
