// In place as documented, or not overlapping, or not to be told.
#include "check.h"

// case: offset_the_other_way_round
void GatherCommuted(float* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(n * rank + all, all, n, ncclFloat, comm, stream));
}

// case: address_of_the_element
void GatherElement(float* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(&all[rank * n], all, n, ncclFloat, comm, stream));
}

// case: reduce_scatter_in_place
void ScatterInPlace(float* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduceScatter(all, all + rank * n, n, ncclFloat, ncclSum, comm, stream));
}

// case: offset_in_bytes
void GatherBytes(char* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + rank * n * sizeof(float), all, n, ncclFloat, comm, stream));
}

// case: offset_in_a_variable
void GatherVariable(float* all, size_t total, int rank, int ranks, ncclComm_t comm, cudaStream_t stream) {
  const size_t n = total / ranks;
  const size_t offset = n * rank;
  float* mine = all + offset;
  NCCL_CHECK(ncclAllGather(mine, all, n, ncclFloat, comm, stream));
}

// case: offset_from_elsewhere
struct Shard {
  size_t offset, size;
};
void GatherShard(float* all, const Shard& shard, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + shard.offset, all, shard.size, ncclFloat, comm, stream));
}

// case: two_buffers
void GatherApart(const float* mine, float* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(mine, all, n, ncclFloat, comm, stream));
}

// case: two_halves_of_one_block
void ShuffleHalves(float* block, size_t n, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAlltoAll(block, block + ranks * n, n, ncclFloat, comm, stream));
}

// case: broadcast_and_reduce_in_place
void InPlaceByDefinition(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, 0, comm, stream));
  NCCL_CHECK(ncclReduce(data, data, n, ncclFloat, ncclSum, 0, comm, stream));
}

// case: gather_in_place_at_the_root
void GatherAtRoot(float* all, size_t n, int root, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGather(all + root * n, all, n, ncclFloat, root, comm, stream));
}

// case: root_zero_is_offset_zero
void GatherAtZero(float* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGather(all, all, n, ncclFloat, 0, comm, stream));
}

// case: other_elements_of_an_array_of_pointers
void GatherOtherPointer(float** buffers, size_t n, int i, int j, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(buffers[i], buffers[j], n, ncclFloat, comm, stream));
}

// case: two_members
struct Buffers {
  float *mine, *all;
};
void GatherMembers(const Buffers& buffers, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(buffers.mine, buffers.all, n, ncclFloat, comm, stream));
}
