// Enqueues; another file waits.
#include <nccl.h>

bool Enqueue(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess;
}
