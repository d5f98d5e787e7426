// A program that asks for asynchronous errors while it waits.
#include <nccl.h>

#include <cstdlib>

// case: polls_while_it_waits
bool WaitAndAsk(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) return false;
  cudaError_t done = cudaErrorNotReady;
  while ((done = cudaStreamQuery(stream)) == cudaErrorNotReady) {
    ncclResult_t state = ncclSuccess;
    if (ncclCommGetAsyncError(comm, &state) != ncclSuccess || state != ncclSuccess) {
      (void)ncclCommAbort(comm);
      return false;
    }
  }
  return done == cudaSuccess;
}
