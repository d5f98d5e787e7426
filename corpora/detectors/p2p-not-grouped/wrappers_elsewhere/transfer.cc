// One operation each, for another file.
#include "check.h"

void SendTo(const float* out, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
}

void RecvFrom(float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
}
