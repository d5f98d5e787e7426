#include "tracer/nccl_profiler/process.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <new>

namespace rankle::nccl_profiler {
namespace {

// Never destroyed: proxy threads may outlive the exit handlers.
alignas(transport::Recorder) char storage[sizeof(transport::Recorder)];
transport::Recorder* recorder = nullptr;  // set once the file is open
pthread_once_t once = PTHREAD_ONCE_INIT;

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

void Open() {
  const char* const directory = getenv("RANKLE_OUT");
  const char* const trace = getenv("RANKLE_TRACE");
  if (directory == nullptr || *directory == '\0' || (trace != nullptr && strcmp(trace, "0") == 0)) return;
  char host[64] = "";
  gethostname(host, sizeof(host) - 1);
  const char* const job = getenv("RANKLE_JOB_ID");
  transport::Identity identity;
  identity.pid = getpid(), identity.rank = RankFromEnvironment(), identity.host = host;
  identity.job_id = job == nullptr ? 0 : strtoull(job, nullptr, 16);
  identity.realtime_ns = Read(CLOCK_REALTIME), identity.monotonic_ns = Read(CLOCK_MONOTONIC);
  char path[4096];
  const int length = snprintf(path, sizeof(path), "%s/transport-%d-%llu.rkt", directory, identity.pid,
                              static_cast<unsigned long long>(identity.realtime_ns));
  if (length < 0 || static_cast<size_t>(length) >= sizeof(path)) return;
  auto* const opened = new (storage) transport::Recorder;
  if (const int error = opened->Create(path, identity); error != 0) {
    fprintf(stderr, "rankle: %s cannot be made: %s: the transfers of this process are not recorded\n", path,
            strerror(error));
    return;
  }
  recorder = opened;
}

}  // namespace

uint64_t Now() { return Read(CLOCK_MONOTONIC); }

transport::Recorder* OpenRecorder() {
  pthread_once(&once, Open);
  return recorder;
}

transport::Recorder& TheRecorder() { return *recorder; }

}  // namespace rankle::nccl_profiler
