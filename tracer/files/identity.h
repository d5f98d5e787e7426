// Who the process is that leaves a record beside its flight record: what the header of every such file says,
// and where the file goes. Read from the environment that `rankle run` sets (docs/run-environment.md).
#pragma once

#include <cstddef>
#include <cstdint>

namespace rankle::files {

struct Identity {
  int32_t pid = 0;
  int32_t rank = -1;  // global rank
  uint64_t job_id = 0;
  uint64_t realtime_ns = 0, monotonic_ns = 0;  // read together
  const char* host = "";
};

uint64_t MonotonicNs();

// The identity of this process. `host` points to storage of the caller that must live as long.
Identity IdentityOfThisProcess(char (&host)[64]);

// "<RANKLE_OUT>/<kind>-<pid>-<start>.<extension>". False when the process is not to be traced (no RANKLE_OUT,
// RANKLE_TRACE=0) or the path is too long.
bool RecordPath(const Identity& identity, const char* kind, const char* extension, char* path, size_t size);

}  // namespace rankle::files
