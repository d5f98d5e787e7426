// The default stream waits for, and holds up, every other blocking stream of the device.
#include "check.h"

// case: null_stream
void ReduceOnNull(float* data, size_t n, ncclComm_t comm) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, nullptr));  // warns: nccl-default-stream
}

// case: stream_zero
void ReduceOnZero(float* data, size_t n, ncclComm_t comm) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, 0));  // warns: nccl-default-stream
}

// case: own_stream
void ReduceOnOwn(float* data, size_t n, ncclComm_t comm) {
  cudaStream_t stream;
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  CUDA_CHECK(cudaStreamDestroy(stream));
}
