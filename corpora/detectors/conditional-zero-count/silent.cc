// Guards that both sides of a transfer agree on, and guards on other things.
#include "check.h"

// case: count_of_all_ranks
void AllToAllEqual(const float* out, float* in, size_t n, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int r = 0; r < ranks; r++) {
    if (n != 0) {
      NCCL_CHECK(ncclSend(out + r * n, n, ncclFloat, r, comm, stream));
      NCCL_CHECK(ncclRecv(in + r * n, n, ncclFloat, r, comm, stream));
    }
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: each_direction_by_its_own_count
void AllToAllV(const float* out, float* in, const size_t* send_counts, const size_t* recv_counts, size_t stride, int ranks, ncclComm_t comm,
               cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int r = 0; r < ranks; r++) {
    if (send_counts[r] != 0) NCCL_CHECK(ncclSend(out + r * stride, send_counts[r], ncclFloat, r, comm, stream));
    if (recv_counts[r] != 0) NCCL_CHECK(ncclRecv(in + r * stride, recv_counts[r], ncclFloat, r, comm, stream));
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: both_wrappers_return_on_zero
void SendChunk(const float* out, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  if (n == 0) return;
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
}
void RecvChunk(float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  if (n == 0) return;
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
}
void SwapChunks(const float* out, size_t out_n, float* in, size_t in_n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  SendChunk(out, out_n, peer, comm, stream);
  RecvChunk(in, in_n, peer, comm, stream);
  NCCL_CHECK(ncclGroupEnd());
}

// case: collective_without_elements
ncclResult_t Reduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (n == 0) return ncclSuccess;
  return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);
}

// case: guard_on_the_peer
void ShiftOpen(const float* out, float* in, size_t n, int rank, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  if (rank + 1 < ranks) NCCL_CHECK(ncclSend(out, n, ncclFloat, rank + 1, comm, stream));
  if (rank > 0) NCCL_CHECK(ncclRecv(in, n, ncclFloat, rank - 1, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: not_to_oneself
void AllToAllOthers(const float* out, float* in, size_t n, int rank, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int r = 0; r < ranks; r++) {
    if (r == rank) continue;
    NCCL_CHECK(ncclSend(out + r * n, n, ncclFloat, r, comm, stream));
    NCCL_CHECK(ncclRecv(in + r * n, n, ncclFloat, r, comm, stream));
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: zero_only_skips_the_host_work
void Pack(float* out, const float* rows, size_t n);
void PackAndExchange(float* out, float* in, const float* rows, size_t n, size_t expected, int peer, ncclComm_t comm, cudaStream_t stream) {
  if (n > 0) Pack(out, rows, n);
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclRecv(in, expected, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}
