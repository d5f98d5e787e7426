// Waits for an event.
#include <nccl.h>

// case: waits_for_an_event
bool ReduceAndWait(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaEvent_t done) {
  bool ok = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess;
  ok &= cudaEventRecord(done, stream) == cudaSuccess;
  ok &= cudaEventSynchronize(done) == cudaSuccess;  // warns: nccl-wait-without-async-poll
  return ok;
}
