// Parts of other ranks.
#include "check.h"

// case: part_of_the_rank_before
void GatherBefore(double* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + (rank - 1) * n, all, n, ncclDouble, comm, stream));  // warns: nccl-inplace-overlap
}

// case: part_of_this_rank_after_a_header
void GatherAfterHeader(float* block, size_t header, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  float* all = block + header;
  NCCL_CHECK(ncclAllGather(all + rank * n, all, n, ncclFloat, comm, stream));
}

// case: counted_from_one
void ScatterCounted(float* all, size_t n, int number, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduceScatter(all, all + (number - 1) * n, n, ncclFloat, ncclSum, comm, stream));
}
