// The rank is near the call, and the count is the same everywhere.
#include <mpi.h>

#include <algorithm>
#include <vector>

#include "check.h"

// case: rank_in_the_offset
void GatherInPlace(float* all, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(all + rank * n, all, n, ncclFloat, comm, stream));
}

// case: rank_as_the_root
void BroadcastFrom(int root_rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, root_rank, comm, stream));
}

// case: sends_may_differ
void SendShard(const float* data, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(data, n + rank, ncclFloat, 0, comm, stream));
}

// case: padded_to_equal_shares
void GatherPadded(const float* mine, float* all, size_t total, int ranks, ncclComm_t comm, cudaStream_t stream) {
  const size_t n = (total + ranks - 1) / ranks;
  NCCL_CHECK(ncclAllGather(mine, all, n, ncclFloat, comm, stream));
}

// case: broadcast_by_mpi
void ReduceAgreed(float* data, int rank, ncclComm_t comm, cudaStream_t stream) {
  int n = rank == 0 ? 1024 : 0;
  MPI_Bcast(&n, 1, MPI_INT, 0, MPI_COMM_WORLD);
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: largest_of_all
void GatherLargest(const float* mine, float* all, int my_size, int ranks, ncclComm_t comm, cudaStream_t stream) {
  std::vector<int> sizes(ranks);
  MPI_Allgather(&my_size, 1, MPI_INT, sizes.data(), 1, MPI_INT, MPI_COMM_WORLD);
  const int largest = *std::max_element(sizes.begin(), sizes.end());
  NCCL_CHECK(ncclAllGather(mine, all, largest, ncclFloat, comm, stream));
}

// case: number_of_ranks
void ReduceOnePerRank(float* flags, int nranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(flags, flags, nranks, ncclFloat, ncclMax, comm, stream));
}

// case: set_again_before_the_call
void ReduceReset(float* data, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  size_t count = rank == 0 ? n : 0;
  std::printf("rank %d prepares %zu\n", rank, count);
  count = n;
  NCCL_CHECK(ncclAllReduce(data, data, count, ncclFloat, ncclSum, comm, stream));
}

// case: rank_of_a_tensor
struct Tensor {
  float* data;
  const size_t* shape;
  int rank;  // number of dimensions
};
void ReduceShape(const Tensor& tensor, ncclComm_t comm, cudaStream_t stream) {
  size_t n = 1;
  for (int d = 0; d < tensor.rank; d++) n *= tensor.shape[d];
  NCCL_CHECK(ncclAllReduce(tensor.data, tensor.data, n, ncclFloat, ncclSum, comm, stream));
}

// case: table_indexed_by_root
void BroadcastAll(float** parts, const size_t* sizes, int ranks, ncclComm_t comm, cudaStream_t stream) {
  for (int root = 0; root < ranks; root++) {
    NCCL_CHECK(ncclBroadcast(parts[root], parts[root], sizes[root], ncclFloat, root, comm, stream));
  }
}
