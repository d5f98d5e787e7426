// Who wants to hear of every kernel that ran: the stand-in of CUPTI (virtual_gpu/cupti). One private entry
// point of the virtual driver, like those of device_work.h.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct RankleVgpuKernelRun {
  const char* name;  // linkage name; valid during the call only
  int device;
  uint64_t stream;            // the engine's number, unique in the process
  uint64_t start_ns, end_ns;  // CLOCK_MONOTONIC
};

// From now on `observer` is called after each kernel that took time, in the order of its stream, perhaps with
// the stream's lock held: it must be quick and call nothing of CUDA. NULL ends that.
void rankleVgpuObserveKernels(void (*observer)(const struct RankleVgpuKernelRun*));

#ifdef __cplusplus
}
#endif
