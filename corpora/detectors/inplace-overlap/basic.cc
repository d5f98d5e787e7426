// Buffers of one call that overlap, but not in the one way that counts as in place.
#include "check.h"

// case: gather_into_the_own_buffer
void Gather(float* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all, all, n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}

// case: all_to_all_in_place
void Shuffle(float* blocks, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAlltoAll(blocks, blocks, n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}

// case: gather_at_the_rank_offset
void GatherInPlace(float* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + rank * n, all, n, ncclFloat, comm, stream));
}

// case: all_reduce_in_place
void ReduceInPlace(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
