// Written after the check: other shapes of the same truth.
#include "check.h"

// case: default_argument
void Reduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream = nullptr) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: zero_in_a_group
void ExchangeOnZero(const float* out, float* in, size_t n, int peer, ncclComm_t comm) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, 0));  // warns: nccl-default-stream
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, 0));   // warns: nccl-default-stream
  NCCL_CHECK(ncclGroupEnd());
}

// case: set_on_one_path_only
void ReduceSometimesOwn(bool own, float* data, size_t n, ncclComm_t comm, cudaStream_t mine) {
  cudaStream_t stream = cudaStreamPerThread;
  if (own) stream = mine;
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: macro_for_the_default
#define DEFAULT_STREAM ((cudaStream_t)0)
void ReduceByMacro(float* data, size_t n, ncclComm_t comm) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, DEFAULT_STREAM));  // warns: nccl-default-stream
}
