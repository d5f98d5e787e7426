// A communicator or its stream destroyed while operations on it may still run.
#include "check.h"

// case: destroy_after_enqueue
void ReduceAndClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

// case: synchronised_first
void ReduceWaitClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: finalised_first
void ReduceFinalizeClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclCommFinalize(comm));
  NCCL_CHECK(ncclCommDestroy(comm));
}
