// librankle-cupti.so: CUDA loads the library that CUDA_INJECTION64_PATH names at cuInit and calls
// InitializeInjection. From then on NCCL's kernels go to `kernels-<pid>-<start>.rkd` in RANKLE_OUT, which is
// made when the first one has run. The rules of docs/hooks.md hold: whatever fails here is one line on
// stderr, and the process goes on.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "tracer/cupti/cupti_source.h"
#include "tracer/cupti/recorder.h"

namespace rankle::cupti {
namespace {

// What a killed process loses at most of its last kernels. CUPTI's own period (cuptiActivityFlushPeriod)
// hands on full buffers only.
constexpr time_t kFlushPeriodS = 1;
// The process must end even where CUPTI does not return from a flush.
constexpr time_t kPatienceAtExitS = 2;

// Nothing here is destroyed: CUPTI's thread may outlive the exit handlers.
alignas(Recorder) char recorder_storage[sizeof(Recorder)];
alignas(CuptiSource) char source_storage[sizeof(CuptiSource)];
std::atomic<Recorder*> recorder{nullptr};  // set once the file is open
pthread_once_t opened = PTHREAD_ONCE_INIT;
std::atomic<uint64_t> lost_before{0};  // lost before there was a record

void OpenRecord() {
  char host[64], path[4096];
  const files::Identity identity = files::IdentityOfThisProcess(host);
  if (!files::RecordPath(identity, "kernels", "rkd", path, sizeof(path))) return;
  auto* const made = new (recorder_storage) Recorder;
  if (const int error = made->Create(path, identity); error != 0) {
    fprintf(stderr, "rankle: %s cannot be made: %s: the kernels of this process are not recorded\n", path,
            strerror(error));
    return;
  }
  made->OnLost(lost_before.exchange(0));
  recorder.store(made, std::memory_order_release);
}

// Makes the record with the first kernel: a process without NCCL leaves nothing behind.
class LateRecord final : public ActivitySink {
 public:
  void OnKernel(const KernelActivity& kernel) override {
    pthread_once(&opened, OpenRecord);
    if (Recorder* const record = recorder.load(std::memory_order_acquire)) record->OnKernel(kernel);
  }
  void OnLost(uint64_t kernels) override {
    Recorder* const record = recorder.load(std::memory_order_acquire);
    record != nullptr ? record->OnLost(kernels) : void(lost_before.fetch_add(kernels));
  }
};
constinit LateRecord sink;

CuptiSource* source = nullptr;
pid_t owner = 0;  // a forked child has neither CUDA nor the thread
pthread_mutex_t flushing = PTHREAD_MUTEX_INITIALIZER;
bool ended = false;  // guarded by flushing

void* FlushNowAndThen(void*) {
  while (true) {
    const timespec period{.tv_sec = kFlushPeriodS, .tv_nsec = 0};
    nanosleep(&period, nullptr);
    pthread_mutex_lock(&flushing);
    if (!ended) source->Flush(false);
    const bool over = ended;
    pthread_mutex_unlock(&flushing);
    if (over) return nullptr;
  }
}

void AtExit() {
  if (getpid() != owner) return;
  timespec until{};
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += kPatienceAtExitS;
  if (pthread_mutex_timedlock(&flushing, &until) != 0) return;
  source->Flush(true);
  ended = true;  // CUPTI is not called any more: its own end comes now
  pthread_mutex_unlock(&flushing);
}

// The program's signals are for its own threads.
bool StartThread() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, nullptr, FlushNowAndThen, nullptr) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) return false;
  pthread_setname_np(thread, "rankle-cupti");
  pthread_detach(thread);
  return true;
}

bool Wanted() {
  char path[4096];
  return files::RecordPath({}, "kernels", "rkd", path, sizeof(path));
}

// nullptr, or why there are no kernels.
const char* Begin() {
  CuptiFunctions functions;
  if (const char* error = LoadCupti(&functions)) return error;
  source = new (source_storage) CuptiSource(functions);
  if (const char* error = source->Start(&sink)) return error;
  owner = getpid();
  atexit(AtExit);
  if (!StartThread()) fprintf(stderr, "rankle: --cupti: no thread: kernels are kept at the end only\n");
  return nullptr;
}

}  // namespace
}  // namespace rankle::cupti

// What it returns is not looked at by CUDA.
extern "C" __attribute__((visibility("default"))) int InitializeInjection() {
  using namespace rankle::cupti;
  static std::atomic<bool> called{false};
  if (called.exchange(true) || !Wanted()) return 1;
  if (const char* error = Begin()) {
    fprintf(stderr, "rankle: --cupti: %s; device times come from events\n", error);
  }
  return 1;
}
