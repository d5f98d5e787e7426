// Once a program: the first wait.
#include <nccl.h>

// case: several_waits
bool ReduceBoth(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) return false;
  if (cudaStreamSynchronize(stream) != cudaSuccess) return false;  // warns: nccl-wait-without-async-poll
  if (ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) return false;
  return cudaStreamSynchronize(stream) == cudaSuccess;
}
