// Sends and receives that must progress together need one group.
#include "check.h"

// case: ring_without_group
void RingStep(const float* out, float* in, size_t n, int next, int prev, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(out, n, ncclFloat, next, comm, stream));  // warns: nccl-p2p-not-grouped
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, prev, comm, stream));
}

// case: ring_in_group
void GroupedRingStep(const float* out, float* in, size_t n, int next, int prev, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclSend(out, n, ncclFloat, next, comm, stream));
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, prev, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: one_way
void SendForward(const float* out, size_t n, int next, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(out, n, ncclFloat, next, comm, stream));
}
