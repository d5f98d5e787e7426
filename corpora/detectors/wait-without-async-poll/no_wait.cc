// Enqueues, and leaves the waiting to its caller's program.
#include <nccl.h>

// case: never_waits
ncclResult_t Reduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);
}
