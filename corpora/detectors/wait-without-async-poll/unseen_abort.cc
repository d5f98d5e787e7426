// Written after the check: a program with a timeout that aborts.
#include <nccl.h>

bool TimedOut();

// case: aborts_after_a_timeout
bool ReduceOrAbort(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) return false;
  while (cudaStreamQuery(stream) == cudaErrorNotReady) {
    if (TimedOut()) {
      (void)ncclCommAbort(comm);
      return false;
    }
  }
  return cudaStreamSynchronize(stream) == cudaSuccess;
}
