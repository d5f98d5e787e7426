#include "injector/sites/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/hooks/environment.h"
#include "injector/hooks/os.h"
#include "injector/sites/modules.h"
#include "injector/sites/real_functions.h"
#include "tracer/files/identity.h"

namespace rankle::sites {

constinit thread_local uint64_t t_inside = 0;

namespace {

using hooks::Message;

// Storage without a destructor: hooks may run after every destructor of the process.
union Storage {
  Process process;
  constexpr Storage() : process() {}
  ~Storage() {}
};
constinit Storage g_storage;

struct Mapping {
  void* bytes = nullptr;
  size_t size = 0;
};

Mapping MapFile(const char* path, bool writable) {
  Mapping mapping;
  const int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (fd < 0) return mapping;
  struct stat status;
  if (fstat(fd, &status) == 0 && status.st_size > 0) {
    void* bytes = mmap(nullptr, static_cast<size_t>(status.st_size),
                       writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (bytes != MAP_FAILED) mapping = {bytes, static_cast<size_t>(status.st_size)};
  }
  close(fd);
  return mapping;
}

// librankle.so, which is beside us and reads the same files, says what is wrong with them.
void ReadPlan(Process& process, const hooks::Environment& environment) {
  if (environment.plan == nullptr) return;
  const Mapping plan = MapFile(environment.plan, false);
  if (plan.bytes == nullptr) return;
  process.plan = plan::ArmedPlan::View(plan.bytes, plan.size);
  if (environment.control == nullptr) return;
  const Mapping control = MapFile(environment.control, true);
  auto* const page = static_cast<plan::ControlPage*>(control.bytes);
  if (control.size >= sizeof(plan::ControlPage) &&
      memcmp(page->magic, plan::kControlMagic, sizeof(page->magic)) == 0)
    process.control = page;
}

void Open(Process& process) {
  files::Identity identity = files::IdentityOfThisProcess(process.host);
  process.start_ns = identity.monotonic_ns;
  process.target.rank = identity.rank, process.target.host = process.host;
  // Not on the stack, which may be a signal handler's. One thread at a time comes here (Phase::kStarting).
  static char command[256], path[4096];
  hooks::ReadCommand(command, sizeof(command));
  const bool wanted = files::RecordPath(identity, "sites", "rks", path, sizeof(path));
  const int error = wanted ? process.recorder.Create(path, identity, command) : 0;
  if (error != 0)
    Message("calls of this process are not recorded, its site record cannot be made in RANKLE_OUT: ",
            strerror(error));
  // Faults are aimed at sites, too, and those are looked up in the tables.
  if (!process.recorder.is_open() && process.plan.size() != 0)
    process.recorder.Create(nullptr, identity, command);
}

// Nothing of the parent's record may be touched any more; the child's own is made by its next call.
void OnForkedChild() {
  Process& process = TheProcess();
  process.forks.fetch_add(1, std::memory_order_relaxed);
  const Phase phase = process.phase.load(std::memory_order_relaxed);
  if (phase != Phase::kReady && phase != Phase::kStarting) return;
  process.recorder.Detach();
  if (process.plan.size() != 0) process.engine.Arm(&process.plan);
  for (std::atomic<uint64_t>& reported : process.reported) reported.store(0, std::memory_order_relaxed);
  process.forked = true;
  process.phase.store(Phase::kNew, std::memory_order_release);
}

__attribute__((constructor)) void OnLoad() {
  ResolveAll();
  Configure();
}

}  // namespace

Process& TheProcess() { return g_storage.process; }

void Configure() {
  Process& process = TheProcess();
  const int saved = errno;
  const hooks::Environment environment = hooks::ReadEnvironment();
  RememberProgram();
  process.target.local_rank = environment.local_rank;
  ReadPlan(process, environment);
  if (process.plan.size() != 0) process.engine.Arm(&process.plan);
  const bool on = (environment.out != nullptr && environment.trace) || process.plan.size() != 0;
  if (on) pthread_atfork(nullptr, nullptr, OnForkedChild);
  process.phase.store(on ? Phase::kNew : Phase::kOff, std::memory_order_release);
  errno = saved;
}

bool EnsureStarted() {
  Process& process = TheProcess();
  Phase expected = Phase::kNew;
  if (!process.phase.compare_exchange_strong(expected, Phase::kStarting, std::memory_order_acq_rel))
    return expected == Phase::kReady;
  const int saved = errno;
  Open(process);
  process.forked = false;
  process.phase.store(process.recorder.is_open() ? Phase::kReady : Phase::kOff, std::memory_order_release);
  errno = saved;
  return IsReady();
}

}  // namespace rankle::sites
