// Written after the check: other shapes of the same truth.
#include <vector>

#include "check.h"

struct Arena {
  float* base;
  size_t shard;
};

// case: member_base_both_times
void GatherArena(const Arena& arena, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(arena.base, arena.base, arena.shard, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}

// case: member_base_at_the_rank
void GatherArenaInPlace(const Arena& arena, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(arena.base + rank * arena.shard, arena.base, arena.shard, ncclFloat, comm, stream));
}

// case: rank_and_next
void ScatterAtNext(float* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduceScatter(all, all + (rank + 1) * n, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-inplace-overlap
}

// case: cast_of_the_same_base
void GatherCast(void* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(static_cast<const float*>(all), all, n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}

// case: widened_rank
void GatherWide(float* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + static_cast<size_t>(rank) * n, all, n, ncclFloat, comm, stream));
}

// case: parenthesised_product_of_three
void GatherRows(float* all, size_t rows, size_t columns, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + rank * rows * columns, all, rows * columns, ncclFloat, comm, stream));
}

// case: scatter_from_the_root_in_place
void ScatterInPlace(float* all, size_t n, int root, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclScatter(all, all + root * n, n, ncclFloat, root, comm, stream));
}

// case: all_to_all_of_a_vector_in_place
void ShuffleVector(std::vector<float*>& blocks, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAlltoAll(blocks[0], blocks[0], n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}
