// Counts that must agree on all ranks.
#include <mpi.h>

#include "check.h"

// case: the_remainder_goes_to_some
void GatherUneven(const float* mine, float* all, size_t total, int rank, int ranks, ncclComm_t comm, cudaStream_t stream) {
  const size_t n = total / ranks + (static_cast<size_t>(rank) < total % ranks ? 1 : 0);
  NCCL_CHECK(ncclAllGather(mine, all, n, ncclFloat, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: equal_shares
void GatherEven(const float* mine, float* all, size_t total, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(mine, all, total / ranks, ncclFloat, comm, stream));
}

// case: agreed_by_mpi
void ReduceLongest(float* data, int mine, ncclComm_t comm, cudaStream_t stream) {
  int longest = 0;
  MPI_Allreduce(&mine, &longest, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  NCCL_CHECK(ncclAllReduce(data, data, longest, ncclFloat, ncclSum, comm, stream));
}
