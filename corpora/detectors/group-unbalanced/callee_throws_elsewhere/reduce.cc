// Calls a function of another file inside a group.
#include "check.h"

size_t CheckedSize(int size);
size_t PlainSize(int size);

// case: foreign_callee_throws
void ReduceChecked(float* a, int size, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns-across: nccl-group-unbalanced
  NCCL_CHECK(ncclAllReduce(a, a, CheckedSize(size), ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: foreign_callee_does_not
void ReducePlain(float* a, int size, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, PlainSize(size), ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}
