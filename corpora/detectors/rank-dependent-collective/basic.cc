// Every rank of a communicator must make the same collective calls in the same order.
#include "check.h"

void Fill(float* data, size_t n);
void SaveCheckpoint(const float* data, size_t n);

// case: only_rank_zero
void ReduceOnLeader(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
  }
}

// case: early_return_of_the_others
void BroadcastFromLeader(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  int me = 0;
  NCCL_CHECK(ncclCommUserRank(comm, &me));
  const bool leader = me == 0;
  if (!leader) return;
  NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-collective
}

// case: rank_zero_fills_all_broadcast
void ShareWeights(int rank, float* weights, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) Fill(weights, n);
  NCCL_CHECK(ncclBroadcast(weights, weights, n, ncclFloat, 0, comm, stream));
}

// case: both_sides_reduce
void ReduceToRoot(int rank, int root, float* in, float* out, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (rank == root) {
    NCCL_CHECK(ncclReduce(in, out, n, ncclFloat, ncclSum, root, comm, stream));
  } else {
    NCCL_CHECK(ncclReduce(in, in, n, ncclFloat, ncclSum, root, comm, stream));
  }
}
