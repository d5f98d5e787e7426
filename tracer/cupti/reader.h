// Reads kernel records of running, ended or killed processes into plain values. Nothing in the file is
// trusted: offsets, capacities and indices are checked, damaged rows are counted and left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tracer/cupti/format.h"

namespace rankle::cupti {

struct Kernel {
  uint64_t number = 0;  // in the order in which CUPTI handed them on, from 1
  uint64_t start_ns = 0, end_ns = 0;
  uint32_t device = 0, stream = 0, correlation = 0, graph = 0;
  uint32_t name = kNoName;  // index into KernelRecord::names
};

struct KernelRecord {
  std::string path, host;
  int32_t pid = 0, rank = -1;
  uint64_t job_id = 0, start_realtime_ns = 0, start_monotonic_ns = 0;
  std::vector<std::string> names;  // index = that of the file; free places are empty
  std::vector<Kernel> kernels;     // the last ones, ordered by number
  uint64_t total = 0;              // kernels ever; the first total - kernels.size() were overwritten
  uint64_t lost = 0, malformed = 0;
};

bool LooksLikeKernelRecord(std::string_view first_bytes);

// Errors: not a kernel record, unknown major version or layout, cut short.
absl::StatusOr<KernelRecord> ParseKernelRecord(std::string_view bytes, std::string_view name);
absl::StatusOr<KernelRecord> ReadKernelRecord(const std::string& path);

}  // namespace rankle::cupti
