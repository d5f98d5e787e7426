// Overlaps that corrupt the data.
#include "check.h"

// case: reduce_scatter_into_the_own_buffer
void ScatterSame(float* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduceScatter(all, all, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-inplace-overlap
}

// case: wrong_stride
void GatherWrongStride(float* all, size_t n, size_t stride, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + rank * stride, all, n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}

// case: constant_offset
void GatherAtOne(float* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + 1, all, n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}

// case: rank_without_the_count
void ScatterAtRank(float* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduceScatter(all, all + rank, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-inplace-overlap
}

// case: shifted_all_reduce
void ReduceShifted(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data + 1, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-inplace-overlap
}

// case: same_element_address
void GatherAddress(float* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(&all[0], all, n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}

// case: through_a_variable
void GatherVariable(float* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* mine = all;
  NCCL_CHECK(ncclAllGather(mine, all, n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}

// case: gather_at_any_root
void GatherSame(float* all, size_t n, int root, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGather(all, all, n, ncclFloat, root, comm, stream));  // warns: nccl-inplace-overlap
}

// case: bytes_counted_as_floats
void GatherByteOffset(char* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + rank * n, all, n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}
