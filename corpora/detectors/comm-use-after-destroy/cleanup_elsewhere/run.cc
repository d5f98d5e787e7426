// Uses communicators after a function of another file.
#include "check.h"

void Cleanup(ncclComm_t comm);

// case: foreign_function_destroys
void CleanupAndReduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Cleanup(comm);
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns-across: nccl-comm-use-after-destroy
}

// case: foreign_function_destroys_another
void CleanupOther(float* data, size_t n, ncclComm_t old, ncclComm_t comm, cudaStream_t stream) {
  Cleanup(old);
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
