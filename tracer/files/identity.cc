#include "tracer/files/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

namespace rankle::files {
namespace {

uint64_t Read(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}

// The same order of names as librankle.so's (docs/run-environment.md).
int32_t RankFromEnvironment() {
  for (const char* name : {"RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    const char* const value = getenv(name);
    if (value != nullptr && *value >= '0' && *value <= '9') return atoi(value);
  }
  return -1;
}

}  // namespace

uint64_t MonotonicNs() { return Read(CLOCK_MONOTONIC); }

Identity IdentityOfThisProcess(char (&host)[64]) {
  memset(host, 0, sizeof(host));
  gethostname(host, sizeof(host) - 1);
  const char* const job = getenv("RANKLE_JOB_ID");
  Identity identity;
  identity.pid = getpid(), identity.rank = RankFromEnvironment(), identity.host = host;
  identity.job_id = job == nullptr ? 0 : strtoull(job, nullptr, 16);
  identity.realtime_ns = Read(CLOCK_REALTIME), identity.monotonic_ns = Read(CLOCK_MONOTONIC);
  return identity;
}

bool RecordPath(const Identity& identity, const char* kind, const char* extension, char* path, size_t size) {
  const char* const directory = getenv("RANKLE_OUT");
  const char* const trace = getenv("RANKLE_TRACE");
  if (directory == nullptr || *directory == '\0' || (trace != nullptr && strcmp(trace, "0") == 0))
    return false;
  const int length = snprintf(path, size, "%s/%s-%d-%llu.%s", directory, kind, identity.pid,
                              static_cast<unsigned long long>(identity.realtime_ns), extension);
  return length >= 0 && static_cast<size_t>(length) < size;
}

}  // namespace rankle::files
