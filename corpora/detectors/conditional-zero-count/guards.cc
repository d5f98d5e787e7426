// Guards on one side of a transfer.
#include <vector>

#include "check.h"

// case: only_the_receive_is_guarded
void ExchangeGuardedRecv(const float* out, float* in, const std::vector<size_t>& send_counts, const std::vector<size_t>& recv_counts, size_t stride,
                         ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (size_t r = 0; r < send_counts.size(); r++) {
    NCCL_CHECK(ncclSend(out + r * stride, send_counts[r], ncclFloat, static_cast<int>(r), comm, stream));
    if (recv_counts[r] != 0) {
      NCCL_CHECK(ncclRecv(in + r * stride, recv_counts[r], ncclFloat, static_cast<int>(r), comm, stream));  // warns: nccl-conditional-zero-count
    }
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: continue_over_empty_sends
void ExchangeContinue(const float* out, float* in, const int* send_counts, const int* recv_counts, size_t stride, int ranks, ncclComm_t comm,
                      cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int r = 0; r < ranks; r++) {
    NCCL_CHECK(ncclRecv(in + r * stride, recv_counts[r], ncclFloat, r, comm, stream));
    if (send_counts[r] == 0) continue;
    NCCL_CHECK(ncclSend(out + r * stride, send_counts[r], ncclFloat, r, comm, stream));  // warns: nccl-conditional-zero-count
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: empty_vector_is_not_sent
void SendTokens(int rank, const std::vector<int>& mine, const int* device_out, int* device_in, size_t expected, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    NCCL_CHECK(ncclRecv(device_in, expected, ncclInt, 1, comm, stream));
  } else if (!mine.empty()) {
    NCCL_CHECK(ncclSend(device_out, mine.size(), ncclInt, 0, comm, stream));  // warns: nccl-conditional-zero-count
  }
}

// case: at_least_one
void ExchangeAtLeastOne(const int* out, int* in, const int* send_counts, const int* recv_counts, int stride, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int r = 0; r < ranks; r++) {
    NCCL_CHECK(ncclRecv(in + r * stride, recv_counts[r], ncclInt, r, comm, stream));
    if (send_counts[r] >= 1) NCCL_CHECK(ncclSend(out + r * stride, send_counts[r], ncclInt, r, comm, stream));  // warns: nccl-conditional-zero-count
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: difference_of_offsets
void ExchangeByOffsets(const float* out, float* in, const size_t* send_at, const size_t* recv_at, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int r = 0; r < ranks; r++) {
    const size_t n = send_at[r + 1] - send_at[r];
    if (n) NCCL_CHECK(ncclSend(out + send_at[r], n, ncclFloat, r, comm, stream));  // warns: nccl-conditional-zero-count
    NCCL_CHECK(ncclRecv(in + recv_at[r], recv_at[r + 1] - recv_at[r], ncclFloat, r, comm, stream));
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: wrapper_returns_on_zero
void SendChunk(const float* out, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  if (n == 0) return;
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));  // warns: nccl-conditional-zero-count
}
void RecvChunk(float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
}
void SwapChunks(const float* out, size_t out_n, float* in, size_t in_n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  SendChunk(out, out_n, peer, comm, stream);
  RecvChunk(in, in_n, peer, comm, stream);
  NCCL_CHECK(ncclGroupEnd());
}
