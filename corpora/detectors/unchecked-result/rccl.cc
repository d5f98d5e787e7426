// RCCL and HIP: NCCL's names, another runtime.
#include <rccl/rccl.h>

// case: hip_result_dropped
ncclResult_t ReduceOnHip(float* data, size_t n, ncclComm_t comm, hipStream_t stream) {
  hipSetDevice(0);  // warns: nccl-unchecked-result
  return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);
}

// case: rccl_result_dropped
void CloseRccl(ncclComm_t comm) {
  ncclCommDestroy(comm);  // warns: nccl-unchecked-result
}

// case: rccl_result_checked
bool ReduceAndPoll(float* data, size_t n, ncclComm_t comm, hipStream_t stream) {
  if (ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) return false;
  ncclResult_t state = ncclSuccess;
  while (hipStreamQuery(stream) == hipErrorNotReady) {
    if (ncclCommGetAsyncError(comm, &state) != ncclSuccess || state != ncclSuccess) return false;
  }
  return true;
}
