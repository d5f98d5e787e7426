// The directory that takes the records of a run: named, created and checked before anything is started.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cli/launch/file_descriptor.h"

namespace rankle::cli {

// Links to the installation, made where its path cannot be given to the loader (loader_path.h).
inline constexpr char kHooksLink[] = "librankle.so", kLibcLink[] = "librankle-libc.so",
                      kVirtualGpusLink[] = "vgpu";

// "rankle-out/20260131-235959-4711"
std::string DefaultOutputDirectory(uint64_t realtime_ns, int pid);
// "rankle-out/suite-20260131-235959-4711"
std::string SuiteOutputDirectory(uint64_t realtime_ns, int pid);
std::string CampaignOutputDirectory(uint64_t realtime_ns, int pid);

struct OutputDirectory {
  std::string path;     // absolute
  FileDescriptor lock;  // while it is open, here or in a forked child, no other run may write there
};

// Creates the directory (and its parents) and checks that it can be written and has `bytes_needed` of space.
// Leftovers of an earlier run in it (flight records, run.json, plan, control page) are removed, so that two
// runs never mix; a directory that a running job writes to is refused.
absl::StatusOr<OutputDirectory> PrepareOutputDirectory(const std::string& path, uint64_t bytes_needed);

}  // namespace rankle::cli
