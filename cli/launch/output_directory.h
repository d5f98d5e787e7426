// The directory that takes the records of a run: named, created and checked before anything is started.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace rankle::cli {

// "rankle-out/20260131-235959-4711"
std::string DefaultOutputDirectory(uint64_t realtime_ns, int pid);
// "rankle-out/suite-20260131-235959-4711"
std::string SuiteOutputDirectory(uint64_t realtime_ns, int pid);

// Creates the directory (and its parents) and checks that it can be written and has `bytes_needed` of space.
// Leftovers of an earlier run in it (flight records, run.json, plan, control page) are removed, so that two
// runs never mix. Returns the absolute path.
absl::StatusOr<std::string> PrepareOutputDirectory(const std::string& path, uint64_t bytes_needed);

}  // namespace rankle::cli
