// What the target tells of itself while it runs: a mapped file, readable after SIGKILL.
#pragma once

#include <atomic>
#include <cstdint>

struct TargetProgress {
  std::atomic<uint64_t> completed;   // calls that returned
  std::atomic<uint64_t> longest_ns;  // of one call
  std::atomic<uint64_t> longest;     // which call that was, from 1
  std::atomic<uint32_t> go;  // 0: it waits before its calls (and before it loads a library) until this is set
  std::atomic<uint32_t> ready;    // it has its communicator, and waits
  std::atomic<uint32_t> started;  // threads that are about to call
  std::atomic<uint32_t> signals;  // SIGUSR1 that arrived
  std::atomic<uint64_t> loop_ns;  // CPU time of one thread, from its first call to the end of its last
};
