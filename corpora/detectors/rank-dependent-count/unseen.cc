// Written after the check: other shapes of the same truth.
#include <mpi.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "check.h"

// case: clipped_tail
void GatherClipped(const float* mine, float* all, size_t total, size_t chunk, int rank, ncclComm_t comm, cudaStream_t stream) {
  const size_t begin = std::min(total, rank * chunk);
  const size_t end = std::min(total, begin + chunk);
  NCCL_CHECK(ncclAllGather(mine, all, end - begin, ncclFloat, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: gathered_sizes_at_my_rank
void BroadcastMySize(float* data, int mine, int ranks, int rank, ncclComm_t comm, cudaStream_t stream) {
  std::vector<int> sizes(ranks);
  MPI_Allgather(&mine, 1, MPI_INT, sizes.data(), 1, MPI_INT, MPI_COMM_WORLD);
  NCCL_CHECK(ncclAllReduce(data, data, sizes[rank], ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: gathered_sizes_of_each_root
void BroadcastEach(float** parts, int mine, int ranks, ncclComm_t comm, cudaStream_t stream) {
  std::vector<int> sizes(ranks);
  MPI_Allgather(&mine, 1, MPI_INT, sizes.data(), 1, MPI_INT, MPI_COMM_WORLD);
  for (int root = 0; root < ranks; root++) {
    NCCL_CHECK(ncclBroadcast(parts[root], parts[root], sizes[root], ncclFloat, root, comm, stream));
  }
}

// case: rank_only_chooses_the_buffer
void ReduceMine(float** parts, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(parts[rank], parts[rank], n, ncclFloat, ncclSum, comm, stream));
}

// case: even_ranks_double
void ReduceDouble(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  int rank = 0;
  NCCL_CHECK(ncclCommUserRank(comm, &rank));
  size_t count = n;
  if (rank % 2 == 0) count *= 2;
  NCCL_CHECK(ncclAllReduce(data, data, count, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: sum_of_all_sizes
void ReduceTotal(float* data, int mine, ncclComm_t comm, cudaStream_t stream) {
  int total = 0;
  MPI_Allreduce(&mine, &total, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  NCCL_CHECK(ncclAllReduce(data, data, total, ncclFloat, ncclSum, comm, stream));
}
