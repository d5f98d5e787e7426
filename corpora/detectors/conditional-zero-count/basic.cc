// A transfer that one side leaves out when its count is zero, while the other side posts it.
#include "check.h"

// case: only_the_send_is_guarded
void Exchange(const float* out, float* in, const size_t* send_counts, const size_t* recv_counts, const size_t* send_at, const size_t* recv_at, int ranks,
              ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int r = 0; r < ranks; r++) {
    if (send_counts[r] > 0) {
      NCCL_CHECK(ncclSend(out + send_at[r], send_counts[r], ncclFloat, r, comm, stream));  // warns: nccl-conditional-zero-count
    }
    NCCL_CHECK(ncclRecv(in + recv_at[r], recv_counts[r], ncclFloat, r, comm, stream));
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: no_guard
void ExchangeAll(const float* out, float* in, const size_t* send_counts, const size_t* recv_counts, const size_t* send_at, const size_t* recv_at, int ranks,
                 ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int r = 0; r < ranks; r++) {
    NCCL_CHECK(ncclSend(out + send_at[r], send_counts[r], ncclFloat, r, comm, stream));
    NCCL_CHECK(ncclRecv(in + recv_at[r], recv_counts[r], ncclFloat, r, comm, stream));
  }
  NCCL_CHECK(ncclGroupEnd());
}
