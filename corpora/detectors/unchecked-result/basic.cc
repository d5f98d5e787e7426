// Results that nobody looks at.
#include "check.h"

// case: destroy_dropped
void Close(ncclComm_t comm) {
  ncclCommDestroy(comm);  // warns: nccl-unchecked-result
}

// case: cuda_call_dropped
void Wait(cudaStream_t stream) {
  cudaStreamSynchronize(stream);  // warns: nccl-unchecked-result
}

// case: kept_and_never_read
void Reduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  ncclResult_t result = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);  // warns: nccl-unchecked-result
}

// case: dropped_on_purpose
void CloseQuietly(ncclComm_t comm) {
  (void)ncclCommAbort(comm);
}

// case: handed_to_the_caller
ncclResult_t ReduceForCaller(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);
}
