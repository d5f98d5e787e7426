// Groups through wrappers of another file.
#include "check.h"

void Begin();
void End();
bool Stop();

// case: early_return_between_foreign_wrappers
bool ReducePair(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Begin();  // warns-across: nccl-group-unbalanced
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  if (Stop()) return false;
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  End();
  return true;
}

// case: foreign_wrapper_and_own_end
void ReduceOne(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Begin();
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}
