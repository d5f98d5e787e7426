// The thin interface between what knows when kernels ran on a device and what keeps it. CUPTI is one source
// (cupti_source.h); tests have their own. C library only: both sides live inside the training process.
#pragma once

#include <cstdint>

namespace rankle::cupti {

// A kernel of NCCL that has run.
struct KernelActivity {
  uint64_t start_ns = 0, end_ns = 0;  // CLOCK_MONOTONIC
  uint32_t device = 0;                // as CUDA numbers it in this process
  uint32_t stream = 0;                // the source's own number, unique within a context
  uint32_t correlation = 0;           // of the launch; ascends in the order of launches
  uint32_t graph = 0;                 // CUDA graph that launched it; 0 = a launch of its own
  const char* name = "";              // "ncclDevKernel_AllReduce_Sum_f32_RING_LL"; valid during the call only
};

// Called from any thread of the source, several at once.
class ActivitySink {
 public:
  virtual void OnKernel(const KernelActivity& kernel) = 0;
  // Kernels of any name of which nothing will be heard.
  virtual void OnLost(uint64_t kernels) = 0;

 protected:
  ~ActivitySink() = default;
};

class ActivitySource {
 public:
  // Kernels that are launched from now on go to the sink, some time after they ended. nullptr, or why not: a
  // text for one line on stderr, valid for the life of the process. Once only.
  virtual const char* Start(ActivitySink* sink) = 0;
  // Hands on what has ended; `last`: also of buffers with kernels that have not, which are lost then.
  virtual void Flush(bool last) = 0;
  // Nothing more will come.
  virtual void Stop() = 0;

 protected:
  ~ActivitySource() = default;
};

}  // namespace rankle::cupti
