// Conditions within expressions.
#include "check.h"

// case: zero_in_a_ternary
void Ternary(const float* out, float* in, size_t n, size_t m, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(n == 0 ? ncclSuccess : ncclSend(out, n, ncclFloat, peer, comm, stream));  // warns: nccl-conditional-zero-count
  NCCL_CHECK(ncclRecv(in, m, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: both_in_ternaries
void Both(const float* out, float* in, size_t n, size_t m, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(n > 0 ? ncclSend(out, n, ncclFloat, peer, comm, stream) : ncclSuccess);
  NCCL_CHECK(m > 0 ? ncclRecv(in, m, ncclFloat, peer, comm, stream) : ncclSuccess);
  NCCL_CHECK(ncclGroupEnd());
}

// case: short_circuit
bool Short(const float* out, float* in, size_t n, size_t m, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  bool ok = ncclSend(out, n, ncclFloat, peer, comm, stream) == ncclSuccess;
  ok = ok && (m == 0 || ncclRecv(in, m, ncclFloat, peer, comm, stream) == ncclSuccess);  // warns: nccl-conditional-zero-count
  NCCL_CHECK(ncclGroupEnd());
  return ok;
}
