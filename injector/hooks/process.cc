#include "injector/hooks/process.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/hooks/background.h"
#include "injector/hooks/captures.h"
#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/environment.h"
#include "injector/hooks/memory.h"
#include "injector/hooks/misuse.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process_events.h"
#include "injector/hooks/samples.h"

namespace rankle::hooks {

constinit Tables g_tables;

namespace {

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

void Arm(Process& process) {
  process.engine.Arm(&process.plan);
  process.plan_needs_clock = false;
  for (size_t i = 0; i < process.plan.size(); ++i) {
    const plan::ArmedFault& fault = process.plan.fault(i);
    process.plan_needs_clock |= fault.after_ns != 0 || fault.until_ns != UINT64_MAX;
  }
}

void ArmPlan(Process& process, const Environment& environment) {
  if (environment.plan == nullptr || process.plan.size() != 0) return;
  const Mapping mapping = MapFile(environment.plan, false);
  const char* error = "cannot be read";
  if (mapping.bytes != nullptr) process.plan = plan::ArmedPlan::View(mapping.bytes, mapping.size, &error);
  if (process.plan.size() == 0 && error != nullptr)
    Message("RANKLE_PLAN: no faults are injected, the file: ", error);
  Arm(process);
}

void MapControl(Process& process, const Environment& environment) {
  if (environment.control == nullptr || process.control != nullptr) return;
  const Mapping mapping = MapFile(environment.control, true);
  auto* page = static_cast<plan::ControlPage*>(mapping.bytes);
  if (mapping.size < sizeof(plan::ControlPage) ||
      memcmp(page->magic, plan::kControlMagic, sizeof(page->magic)) != 0) {
    Message(
        "RANKLE_CONTROL: not a control page; hangs of this process can only be ended by their `for` or a "
        "kill");
    return;
  }
  process.control = page;
}

// Reads both clocks as close together as a few tries allow.
void ReadClocks(record::ProcessIdentity& identity) {
  uint64_t best = UINT64_MAX;
  for (int i = 0; i < 5; ++i) {
    const uint64_t before = MonotonicNs();
    const uint64_t real = RealtimeNs();
    const uint64_t width = MonotonicNs() - before;
    if (width >= best) continue;
    best = width;
    identity.monotonic_ns = before + width / 2;
    identity.realtime_ns = real;
  }
  identity.clock_uncertainty_ns = static_cast<uint32_t>(best / 2 + 1);
}

void OpenRecord(Process& process, const Environment& environment) {
  record::ProcessIdentity identity;
  ReadClocks(identity);
  char command[256];
  ReadCommand(command, sizeof(command));
  identity.command = command;
  identity.host = process.host;
  identity.pid = getpid();
  identity.parent_pid = getppid();
  identity.job_id = environment.job_id;
  identity.rank = environment.rank;
  identity.world_size = environment.world_size;
  identity.local_rank = environment.local_rank;
  identity.local_world_size = environment.local_world_size;

  record::WriterOptions options;
  options.record_capacity = environment.records;
  char path[4096];
  const int length = snprintf(path, sizeof(path), "%s/flight-%d-%llu.rkl", environment.out, identity.pid,
                              static_cast<unsigned long long>(identity.monotonic_ns));
  if (length >= static_cast<int>(sizeof(path))) {
    Message("RANKLE_OUT is too long; this process is not traced");
    return;
  }
  const int error = process.writer.Create(path, options, identity);
  if (error == 0) return;
  Message("this process is not traced, its flight record cannot be made in RANKLE_OUT: ", strerror(error));
}

void WriteLifecycle(Process& process, record::LifecycleEvent event, uint64_t count) {
  record::NewRecord record;
  record.kind = record::Kind::kLifecycle;
  record.api = static_cast<uint16_t>(event);
  record.entered_ns = MonotonicNs();
  record.count = count;
  process.writer.Write(record);
}

bool Start(Process& process) {
  const Environment environment = ReadEnvironment();
  if (environment.out == nullptr && environment.plan == nullptr) return false;
  process.start_ns = MonotonicNs();
  gethostname(process.host, sizeof(process.host) - 1);
  process.target = {environment.rank, environment.local_rank, process.host};
  ArmPlan(process, environment);
  MapControl(process, environment);
  if (environment.out != nullptr && environment.trace) OpenRecord(process, environment);
  if (!process.writer.is_open() && process.plan.size() == 0) return false;
  WriteLifecycle(process,
                 process.forked ? record::LifecycleEvent::kForkChild : record::LifecycleEvent::kStart,
                 process.forked ? static_cast<uint64_t>(getppid()) : 0);
  process.forked = false;
  process.times.Enable(environment.device_times && process.writer.is_open());
  EnableSamples(process.writer.is_open() ? environment.sample : 0);
  WatchProcessEnd();
  return true;
}

}  // namespace

Process& TheProcess() { return g_storage.process; }

bool EnsureStarted() {
  Process& process = TheProcess();
  while (true) {
    auto phase = static_cast<uint32_t>(Phase::kNew);
    if (process.phase.compare_exchange_strong(phase, static_cast<uint32_t>(Phase::kStarting),
                                              std::memory_order_acq_rel)) {
      break;
    }
    if (phase == static_cast<uint32_t>(Phase::kReady)) return true;
    if (phase == static_cast<uint32_t>(Phase::kOff)) return false;
    sched_yield();  // another thread is starting; this takes about a millisecond, once
  }
  const Quiet quiet;
  const bool on = Start(process);
  process.phase.store(static_cast<uint32_t>(on ? Phase::kReady : Phase::kOff), std::memory_order_release);
  if (on) StartBackground();
  return on;
}

uint32_t StreamNumber(cudaStream_t stream) {
  // The three spellings of a default stream: null, legacy (1) and per-thread (2).
  if (reinterpret_cast<uintptr_t>(stream) <= 2) return 0;
  Process& process = TheProcess();
  const uint32_t known = process.streams.Find(stream, 0);
  if (known != 0) return known;
  const uint32_t number = process.last_stream.fetch_add(1, std::memory_order_relaxed) + 1;
  process.streams.Insert(stream, number);
  return number;
}

cudaStream_t StreamWithNumber(uint32_t number) {
  const void* found = TheProcess().streams.KeyOf(number);
  return static_cast<cudaStream_t>(const_cast<void*>(found));
}

void ForgetParent() {
  Process& process = TheProcess();
  if (process.phase.load(std::memory_order_relaxed) != static_cast<uint32_t>(Phase::kReady)) {
    // Off stays off. A start that another thread was in the middle of begins anew.
    auto starting = static_cast<uint32_t>(Phase::kStarting);
    process.phase.compare_exchange_strong(starting, static_cast<uint32_t>(Phase::kNew));
    return;
  }
  process.writer.Detach();
  process.comms.Clear();
  process.times.Reset();
  process.streams.Clear();
  process.captures.store(0, std::memory_order_relaxed);
  process.sticky_error.store(0, std::memory_order_relaxed);
  process.largest_comm.store(0, std::memory_order_relaxed);
  Arm(process);
  process.forked = true;
  ResetThreadStates();
  ResetCaptures();
  ResetMemory();
  ResetMisuse();
  ResetSamples();
  ForgetBackground();
  process.phase.store(static_cast<uint32_t>(Phase::kNew), std::memory_order_release);
}

void StartForTest(const TestSetup& setup) {
  Process& process = TheProcess();
  process.writer.Detach();
  process.comms.Clear();
  process.times.Reset();
  process.streams.Clear();
  process.last_stream = process.last_group = process.captures = 0;
  process.largest_comm = 0;
  process.sticky_error = 0;
  process.step = -1;
  process.step_is_marked = false;
  process.step_begins = false;
  ResetThreadStates();
  ResetCaptures();
  ResetMemory();
  ResetMisuse();
  ResetSamples();
  EnableSamples(setup.sample);
  t_inside = 0;
  process.plan =
      setup.plan != nullptr ? plan::ArmedPlan::View(setup.plan, setup.plan_bytes) : plan::ArmedPlan();
  Arm(process);
  process.control = setup.control;
  process.target = {setup.rank, setup.rank, "testhost"};
  process.start_ns = MonotonicNs();
  if (setup.record_path != nullptr) {
    record::ProcessIdentity identity;
    identity.rank = setup.rank;
    identity.monotonic_ns = process.start_ns;
    process.writer.Create(setup.record_path, {}, identity);
  }
  process.times.Enable(process.writer.is_open());
  process.phase.store(static_cast<uint32_t>(Phase::kReady), std::memory_order_release);
}

}  // namespace rankle::hooks
