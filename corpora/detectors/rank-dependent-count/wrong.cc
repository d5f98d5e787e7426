// Counts that differ between the ranks.
#include <mpi.h>

#include <cstdlib>
#include <vector>

#include "check.h"

// case: last_rank_takes_the_rest
void GatherWithRest(const float* mine, float* all, size_t total, int rank, int ranks, ncclComm_t comm, cudaStream_t stream) {
  size_t n = total / ranks;
  if (rank == ranks - 1) n = total - n * (ranks - 1);
  NCCL_CHECK(ncclAllGather(mine, all, n, ncclFloat, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: more_on_the_leader
void ReduceMoreOnLeader(float* data, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, rank == 0 ? n + 1 : n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: count_times_rank
void ReduceGrowing(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  int me = 0;
  NCCL_CHECK(ncclCommUserRank(comm, &me));
  NCCL_CHECK(ncclAllReduce(data, data, n * (me + 1), ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: scattered_by_mpi
void ReduceScattered(const int* counts, float* data, ncclComm_t comm, cudaStream_t stream) {
  int mine = 0;
  MPI_Scatter(counts, 1, MPI_INT, &mine, 1, MPI_INT, 0, MPI_COMM_WORLD);
  NCCL_CHECK(ncclAllReduce(data, data, mine, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: from_the_environment
void BroadcastByEnvironment(float* data, ncclComm_t comm, cudaStream_t stream) {
  const char* text = std::getenv("RANK");
  const size_t n = 1024 + (text != nullptr ? std::atoi(text) : 0);
  NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: through_a_function
size_t ShardSize(size_t total, int rank, int ranks) {
  return total / ranks + (rank == 0 ? total % ranks : 0);
}
void ScatterShards(const float* all, float* mine, size_t total, int rank, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduceScatter(all, mine, ShardSize(total, rank, ranks), ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: member_rank
class Sharded {
 public:
  void Gather() {
    const size_t end = rank_ == ranks_ - 1 ? total_ : (rank_ + 1) * chunk_;
    NCCL_CHECK(ncclAllGather(mine_, all_, end - rank_ * chunk_, ncclFloat, comm_, stream_));  // warns: nccl-rank-dependent-count
  }

 private:
  size_t total_ = 0, chunk_ = 0, rank_ = 0, ranks_ = 1;
  float *mine_ = nullptr, *all_ = nullptr;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

// case: table_indexed_by_rank
void GatherByTable(const float* mine, float* all, const std::vector<size_t>& sizes, int rank, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(mine, all, sizes[rank], ncclFloat, comm, stream));  // warns: nccl-rank-dependent-count
}

// case: received_from_a_neighbour
void ReduceReceived(float* data, int neighbour, ncclComm_t comm, cudaStream_t stream) {
  int n = 0;
  MPI_Recv(&n, 1, MPI_INT, neighbour, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-count
}
