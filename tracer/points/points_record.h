// Reads the record that an instrumented process left (runtime/rankle_points_format.h), also one of a process
// that was killed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::points_record {

struct CallSite {
  uint64_t point = 0, caller = 0, caller_of_caller = 0;
};

struct SiteCounts {
  CallSite site;
  uint64_t hits = 0, count = 0, most = 0, injected = 0;
};

struct Signature {
  CallSite loop;
  uint64_t signature = 0, seen = 0, steps = 0;
  std::vector<uint64_t> last;  // the last steps, oldest first
};

// Of a loop within another one.
struct Nest {
  CallSite loop;
  uint64_t parent = 0;
  // (iterations of the loop, at least; iterations of the parent that held so many), ascending; those that
  // held none are not counted.
  std::vector<std::pair<uint64_t, uint64_t>> bins;
};

struct PointsRecord {
  uint32_t pid = 0;
  uint64_t realtime_ns = 0, monotonic_ns = 0;
  uint64_t lost_sites = 0, lost_signatures = 0, lost_nests = 0, torn = 0;
  std::vector<SiteCounts> sites;
  std::vector<Signature> signatures;
  std::vector<Nest> nests;  // none before version 1.1
};

// `file` names it in errors.
absl::StatusOr<PointsRecord> ReadPointsRecord(std::string_view bytes, const std::string& file);

// Schema rankle.points_record/1.
std::string RecordJson(const PointsRecord& record);

}  // namespace rankle::points_record
