// Content samples: hashes of what operations received, so that ranks which must agree can be compared, and
// what they sent, so that the first value that is not finite can be found. Off unless RANKLE_SAMPLE says how
// often.
//
// A piece of the buffer is copied out on the operation's own stream (before the operation the send buffer,
// after it the receive buffer) into one of a fixed number of pinned slots; the background thread hashes it
// and writes the record. Every rank takes the same operations and the same pieces: both follow from the
// operation's number. What is lost: a sample for which no slot is free, and operations inside CUDA graphs.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "injector/hooks/call.h"
#include "injector/hooks/comms.h"

namespace rankle::hooks {

// One operation whose buffers are sampled.
struct SampledOperation {
  uint16_t api = 0, comm = 0;
  uint32_t seq = 0;
  int dtype = 0;
  cudaStream_t stream = nullptr;
  const void *send = nullptr, *receive = nullptr;  // nullptr = not compared
  int64_t send_bytes = 0, receive_bytes = 0;
};

// Every n-th operation of a communicator is sampled; 0 = none.
void EnableSamples(uint32_t every);
uint32_t SampleInterval();
inline bool IsSampled(uint32_t seq) {
  const uint32_t every = SampleInterval();
  return every != 0 && seq % every == 0;
}

SampledOperation DescribeSample(const HookCall& call, const Comm* comm, uint32_t seq);
void SampleInput(const SampledOperation& operation);
void SampleOutput(const SampledOperation& operation);
// A tensor that all ranks with this name must hold alike. `name` is copied.
void SampleReplica(const char* name, const void* tensor, uint64_t bytes, cudaStream_t stream);

// Background thread: writes what has been copied out since.
void DrainSamples();
// In a forked child, and between unit tests.
void ResetSamples();

}  // namespace rankle::hooks
