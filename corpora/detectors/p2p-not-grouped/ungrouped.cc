// Sends and receives that wait for each other in a circle.
#include "check.h"

// case: receive_first
void RecvThenSend(const float* out, float* in, size_t n, int next, int prev, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, prev, comm, stream));  // warns: nccl-p2p-not-grouped
  NCCL_CHECK(ncclSend(out, n, ncclFloat, next, comm, stream));
}

// case: pairwise_exchange
void Swap(const int* out, int* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(out, n, ncclInt, peer, comm, stream));  // warns: nccl-p2p-not-grouped
  NCCL_CHECK(ncclRecv(in, n, ncclInt, peer, comm, stream));
}

// case: all_to_all_loop
void AllToAll(float** out, float** in, size_t n, int ranks, ncclComm_t comm, cudaStream_t stream) {
  for (int r = 0; r < ranks; r++) {
    NCCL_CHECK(ncclSend(out[r], n, ncclFloat, r, comm, stream));  // warns: nccl-p2p-not-grouped
    NCCL_CHECK(ncclRecv(in[r], n, ncclFloat, r, comm, stream));
  }
}

// case: all_sends_then_all_receives
void SendAllRecvAll(float** out, float** in, size_t n, int ranks, ncclComm_t comm, cudaStream_t stream) {
  for (int r = 0; r < ranks; r++) NCCL_CHECK(ncclSend(out[r], n, ncclFloat, r, comm, stream));  // warns: nccl-p2p-not-grouped
  for (int r = 0; r < ranks; r++) NCCL_CHECK(ncclRecv(in[r], n, ncclFloat, r, comm, stream));
}

// case: a_group_for_each
void GroupsForNothing(const float* out, float* in, size_t n, int next, int prev, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclSend(out, n, ncclFloat, next, comm, stream));  // warns: nccl-p2p-not-grouped
  NCCL_CHECK(ncclGroupEnd());
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, prev, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: through_wrappers
void SendTo(const float* out, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
}
void RecvFrom(float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
}
void HaloStep(const float* out, float* in, size_t n, int up, int down, ncclComm_t comm, cudaStream_t stream) {
  SendTo(out, n, up, comm, stream);  // warns: nccl-p2p-not-grouped
  RecvFrom(in, n, down, comm, stream);
}

// case: one_left_out_of_the_group
void HalfGrouped(const float* out, float* in, size_t n, int next, int prev, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclSend(out, n, ncclFloat, next, comm, stream));  // warns: nccl-p2p-not-grouped
  NCCL_CHECK(ncclGroupEnd());
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, prev, comm, stream));
}

// case: ring_reduce_by_hand
void Ring(float* data, float* scratch, size_t n, int rank, int ranks, ncclComm_t comm, cudaStream_t stream) {
  const int next = (rank + 1) % ranks, prev = (rank + ranks - 1) % ranks;
  for (int step = 0; step < ranks - 1; step++) {
    NCCL_CHECK(ncclSend(data, n, ncclFloat, next, comm, stream));  // warns: nccl-p2p-not-grouped
    NCCL_CHECK(ncclRecv(scratch, n, ncclFloat, prev, comm, stream));
  }
}

// case: template_exchange
template <class Halo>
void Exchange(const Halo& halo, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(halo.out, halo.n, ncclFloat, halo.right, comm, stream));  // warns: nccl-p2p-not-grouped
  NCCL_CHECK(ncclRecv(halo.in, halo.n, ncclFloat, halo.left, comm, stream));
}
struct Halo1d {
  const float* out;
  float* in;
  size_t n;
  int left, right;
};
template void Exchange<Halo1d>(const Halo1d&, ncclComm_t, cudaStream_t);
