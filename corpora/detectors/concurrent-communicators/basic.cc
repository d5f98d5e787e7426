// Two communicators of one device, on two streams, with nothing that orders them.
#include "check.h"

// case: two_streams_unordered
void ReduceBoth(float* a, float* b, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t s1, cudaStream_t s2) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, s1));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, data, s2));  // warns: nccl-concurrent-communicators
}

// case: one_stream
void ReduceBothInOrder(float* a, float* b, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, data, stream));
}

// case: event_between
void ReduceBothWithEvent(float* a, float* b, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t s1, cudaStream_t s2, cudaEvent_t done) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, s1));
  CUDA_CHECK(cudaEventRecord(done, s1));
  CUDA_CHECK(cudaStreamWaitEvent(s2, done));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, data, s2));
}
