// A program that calls ncclAllReduce again and again and measures each call from inside: what attached tests
// aim at.
//   probe_target PROGRESS_FILE CALLS PERIOD_US [THREADS] [LIBRARY]
// Communicator and file come first; the calls begin when the file says so. With LIBRARY the functions are
// those of that file, loaded only then.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "tests/programs/probe_target/calls.h"
#include "tests/programs/probe_target/progress.h"

namespace {

TargetProgress* g_progress = nullptr;

uint64_t NowNs(clockid_t clock = CLOCK_MONOTONIC) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

int FromEnvironment(const char* name) {
  const char* const text = getenv(name);
  return text == nullptr ? 0 : atoi(text);
}

struct Functions {
  decltype(&ncclCommInitRank) init = ncclCommInitRank;
  decltype(&ncclAllReduce) all_reduce = ncclAllReduce;
};

#ifndef PROBE_TARGET_STATIC
Functions Load(const char* library) {
  void* const handle = dlopen(library, RTLD_NOW);
  if (handle == nullptr) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return {reinterpret_cast<decltype(&ncclCommInitRank)>(dlsym(handle, "ncclCommInitRank")),
          reinterpret_cast<decltype(&ncclAllReduce)>(dlsym(handle, "ncclAllReduce"))};
}
#endif

void* MakeCommunicator(const Functions& functions) {
  UniqueId id = {};
  for (int i = 0; i < 8; ++i) id.bytes[i] = static_cast<char>(0x51 + 7 * i);
  void* comm = nullptr;
  functions.init(&comm, FromEnvironment("WORLD_SIZE"), id, FromEnvironment("RANK"));
  return comm;
}

void CallAgainAndAgain(const Functions& functions, void* comm, long calls, long period_us) {
  ++g_progress->started;
  const uint64_t begin = NowNs(CLOCK_THREAD_CPUTIME_ID);
  for (long i = 0; i < calls; ++i) {
    const uint64_t before = NowNs();
    functions.all_reduce(nullptr, nullptr, 256, 7, 0, comm, nullptr);
    const uint64_t took = NowNs() - before;
    const uint64_t number = ++g_progress->completed;
    if (took > g_progress->longest_ns) g_progress->longest_ns = took, g_progress->longest = number;
    if (period_us > 0) usleep(static_cast<useconds_t>(period_us));
  }
  g_progress->loop_ns = NowNs(CLOCK_THREAD_CPUTIME_ID) - begin;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int fd = open(argv[1], O_RDWR | O_CREAT, 0644);
  if (fd < 0 || ftruncate(fd, sizeof(TargetProgress)) != 0) return 2;
  g_progress = static_cast<TargetProgress*>(
      mmap(nullptr, sizeof(TargetProgress), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  signal(SIGUSR1, [](int) { ++g_progress->signals; });
  const long calls = atol(argv[2]), period_us = atol(argv[3]);
  const int threads = argc > 4 ? atoi(argv[4]) : 1;

  Functions functions;
  void* comm = argc > 5 ? nullptr : MakeCommunicator(functions);
  g_progress->ready = 1;
  while (g_progress->go == 0) usleep(1000);
#ifndef PROBE_TARGET_STATIC
  if (argc > 5) {
    functions = Load(argv[5]);
    comm = MakeCommunicator(functions);
  }
#endif
  if (threads == 1) {
    CallAgainAndAgain(functions, comm, calls, period_us);
    return 0;
  }
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&] { CallAgainAndAgain(functions, comm, calls, period_us); });
  for (std::thread& thread : all) thread.join();
  return 0;
}
