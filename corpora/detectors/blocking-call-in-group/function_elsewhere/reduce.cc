// Calls functions of another file inside a group.
#include "check.h"

void Flush(cudaStream_t stream);
void Mark(cudaEvent_t event, cudaStream_t stream);

// case: foreign_function_waits
void ReduceFlush(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  Flush(stream);  // warns-across: nccl-blocking-call-in-group
  NCCL_CHECK(ncclGroupEnd());
}

// case: foreign_function_marks
void ReduceMark(float* a, size_t n, ncclComm_t comm, cudaStream_t stream, cudaEvent_t event) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  Mark(event, stream);
  NCCL_CHECK(ncclGroupEnd());
}
