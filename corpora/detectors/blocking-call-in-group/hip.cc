// The same on HIP.
#include <rccl/rccl.h>

// case: hip_synchronise_in_group
bool ReduceAndWait(float* a, size_t n, ncclComm_t comm, hipStream_t stream) {
  bool ok = ncclGroupStart() == ncclSuccess;
  ok &= ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess;
  ok &= hipStreamSynchronize(stream) == hipSuccess;  // warns: nccl-blocking-call-in-group
  ok &= ncclGroupEnd() == ncclSuccess;
  ncclResult_t state = ncclSuccess;
  return ncclCommGetAsyncError(comm, &state) == ncclSuccess && ok && state == ncclSuccess;
}
