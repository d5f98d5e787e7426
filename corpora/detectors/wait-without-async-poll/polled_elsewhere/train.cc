// Waits; another file polls.
#include <nccl.h>

bool Healthy(ncclComm_t comm);

// case: another_file_polls
bool Step(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) return false;
  return Healthy(comm) && cudaStreamSynchronize(stream) == cudaSuccess;
}
