// The same on HIP.
#include <rccl/rccl.h>

// case: waits_on_hip
bool ReduceOnHip(float* data, size_t n, ncclComm_t comm, hipStream_t stream) {
  if (ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) return false;
  return hipStreamSynchronize(stream) == hipSuccess;  // warns: nccl-wait-without-async-poll
}
