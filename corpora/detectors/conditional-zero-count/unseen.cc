// Written after the check: other shapes of the same truth.
#include <vector>

#include "check.h"

// case: tokens_of_an_expert
void Dispatch(const float* tokens, float* received, const std::vector<int>& to, const std::vector<int>& from, int hidden, ncclComm_t comm,
              cudaStream_t stream) {
  size_t out = 0, in = 0;
  NCCL_CHECK(ncclGroupStart());
  for (size_t expert = 0; expert < to.size(); expert++) {
    const size_t n = static_cast<size_t>(to[expert]) * hidden;
    if (n != 0) {
      NCCL_CHECK(ncclSend(tokens + out, n, ncclFloat, static_cast<int>(expert), comm, stream));  // warns: nccl-conditional-zero-count
      out += n;
    }
    const size_t m = static_cast<size_t>(from[expert]) * hidden;
    NCCL_CHECK(ncclRecv(received + in, m, ncclFloat, static_cast<int>(expert), comm, stream));
    in += m;
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: tokens_guarded_on_both_sides
void DispatchGuarded(const float* tokens, float* received, const std::vector<int>& to, const std::vector<int>& from, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (size_t expert = 0; expert < to.size(); expert++) {
    if (to[expert]) NCCL_CHECK(ncclSend(tokens, to[expert], ncclFloat, static_cast<int>(expert), comm, stream));
    if (from[expert]) NCCL_CHECK(ncclRecv(received, from[expert], ncclFloat, static_cast<int>(expert), comm, stream));
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: skipped_for_a_null_buffer
void SendIfAny(const float* out, float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  if (out == nullptr) std::abort();
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: positive_in_a_ternary
void SendPositive(const float* out, float* in, int n, int m, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(0 < m ? ncclRecv(in, m, ncclFloat, peer, comm, stream) : ncclSuccess);  // warns: nccl-conditional-zero-count
  NCCL_CHECK(ncclGroupEnd());
}
