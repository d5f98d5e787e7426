// Closes after a function of another file.
#include "check.h"

void Drain(cudaStream_t stream);
void Reduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream);

// case: foreign_function_waits
void ReduceDrainClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  Drain(stream);
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: foreign_function_enqueues
void ReduceClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Reduce(data, n, comm, stream);
  NCCL_CHECK(ncclCommDestroy(comm));  // warns-across: nccl-destroy-in-flight
}
