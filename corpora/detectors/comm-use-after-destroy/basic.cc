// A communicator is gone after ncclCommDestroy or ncclCommAbort.
#include "check.h"

// case: reduce_after_destroy
void LastReduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclCommDestroy(comm));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-comm-use-after-destroy
}

// case: destroy_after_abort
void Recover(ncclComm_t comm, bool failed) {
  if (failed) NCCL_CHECK(ncclCommAbort(comm));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-comm-use-after-destroy
}

// case: abort_or_destroy
void CloseComm(ncclComm_t comm, bool failed) {
  if (failed) {
    NCCL_CHECK(ncclCommAbort(comm));
  } else {
    NCCL_CHECK(ncclCommDestroy(comm));
  }
}
