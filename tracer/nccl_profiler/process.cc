#include "tracer/nccl_profiler/process.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <new>

#include "tracer/files/identity.h"

namespace rankle::nccl_profiler {
namespace {

// Never destroyed: proxy threads may outlive the exit handlers.
alignas(transport::Recorder) char storage[sizeof(transport::Recorder)];
transport::Recorder* recorder = nullptr;  // set once the file is open
pthread_once_t once = PTHREAD_ONCE_INIT;

void Open() {
  char host[64], path[4096];
  const files::Identity identity = files::IdentityOfThisProcess(host);
  if (!files::RecordPath(identity, "transport", "rkt", path, sizeof(path))) return;
  auto* const opened = new (storage) transport::Recorder;
  if (const int error = opened->Create(path, identity); error != 0) {
    fprintf(stderr, "rankle: %s cannot be made: %s: the transfers of this process are not recorded\n", path,
            strerror(error));
    return;
  }
  recorder = opened;
}

}  // namespace

uint64_t Now() { return files::MonotonicNs(); }

transport::Recorder* OpenRecorder() {
  pthread_once(&once, Open);
  return recorder;
}

transport::Recorder& TheRecorder() { return *recorder; }

}  // namespace rankle::nccl_profiler
