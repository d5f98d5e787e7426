// One function that waits and one that enqueues.
#include "check.h"

void Drain(cudaStream_t stream) {
  CUDA_CHECK(cudaStreamSynchronize(stream));
}

void Reduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
