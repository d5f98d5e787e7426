// Conditions beside collectives, and ranks beside conditions, that leave every rank with the same sequence.
#include <mpi.h>

#include <vector>

#include "check.h"

void Save(const float* data, size_t n);
bool Decide();

// case: world_size
void ReduceIfParallel(int ranks, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (ranks > 1) NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: every_tenth_step
void Sync(int step, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (step % 10 == 0) NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: root_saves_after_the_collective
void ReduceAndSave(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduce(data, data, n, ncclFloat, ncclSum, 0, comm, stream));
  if (rank != 0) return;
  WaitFor(comm, stream);
  Save(data, n);
}

// case: decision_is_broadcast
void MaybeReduce(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  int go = 0;
  if (rank == 0) go = Decide();
  MPI_Bcast(&go, 1, MPI_INT, 0, MPI_COMM_WORLD);
  if (go) NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: decision_is_reduced
void StopTogether(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  int mine = rank == 0 && Decide(), stop = 0;
  MPI_Allreduce(&mine, &stop, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  if (stop) return;
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: conditional_argument
void ReduceFrom(int rank, float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* source = rank == 0 ? a : b;
  NCCL_CHECK(ncclAllReduce(source, b, n, ncclFloat, ncclSum, comm, stream));
}

// case: ternary_with_the_same_operation
void BroadcastEither(int rank, float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(rank == 0 ? ncclBroadcast(a, b, n, ncclFloat, 0, comm, stream) : ncclBroadcast(nullptr, b, n, ncclFloat, 0, comm, stream));
}

// case: point_to_point_by_rank
void Scatter(int rank, int root, float** parts, float* mine, size_t n, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  if (rank == root) {
    for (int r = 0; r < ranks; r++) NCCL_CHECK(ncclSend(parts[r], n, ncclFloat, r, comm, stream));
  }
  NCCL_CHECK(ncclRecv(mine, n, ncclFloat, root, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: every_root_in_turn
void BroadcastAll(int ranks, float** data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  for (int root = 0; root < ranks; root++) NCCL_CHECK(ncclBroadcast(data[root], data[root], n, ncclFloat, root, comm, stream));
}

// case: split_with_no_colour
void SplitFirstTwo(int rank, ncclComm_t comm, ncclComm_t* pair) {
  NCCL_CHECK(ncclCommSplit(comm, rank < 2 ? 0 : NCCL_SPLIT_NOCOLOR, rank, pair, nullptr));
}

// case: members_of_the_new_communicator
void ReduceInPair(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  ncclComm_t pair = nullptr;
  NCCL_CHECK(ncclCommSplit(comm, rank < 2 ? 0 : NCCL_SPLIT_NOCOLOR, rank, &pair, nullptr));
  if (pair != nullptr) NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, pair, stream));
}

// case: init_of_fewer_ranks
void ReduceAmongFour(int rank, ncclUniqueId id, float* data, size_t n, cudaStream_t stream) {
  if (rank < 4) {
    ncclComm_t four;
    NCCL_CHECK(ncclCommInitRank(&four, 4, id, rank));
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, four, stream));
    WaitFor(four, stream);
    NCCL_CHECK(ncclCommDestroy(four));
  }
}

// case: shrink_without_the_failed
void Shrink(int rank, int failed, ncclComm_t comm, ncclComm_t* rest) {
  int excluded[] = {failed};
  if (rank != failed) NCCL_CHECK(ncclCommShrink(comm, excluded, 1, rest, nullptr, NCCL_SHRINK_ABORT));
}

// case: number_of_dimensions
struct Tensor {
  float* data;
  size_t size;
  int rank() const;  // number of dimensions
};
void ReduceMatrix(const Tensor& tensor, ncclComm_t comm, cudaStream_t stream) {
  if (tensor.rank() != 2) return;
  NCCL_CHECK(ncclAllReduce(tensor.data, tensor.data, tensor.size, ncclFloat, ncclSum, comm, stream));
}

// case: number_of_ranks
void ReduceUnlessAlone(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  int nranks = 0;
  NCCL_CHECK(ncclCommCount(comm, &nranks));
  if (nranks == 1) return;
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: log_between
void ReduceAndLog(int rank, float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  if (rank == 0) std::printf("first bucket\n");
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
}

// case: rank_of_a_loop_variable
void SendEverywhere(const float* data, size_t n, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int rank = 1; rank < ranks; rank++) NCCL_CHECK(ncclSend(data, n, ncclFloat, rank, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: both_arms_by_different_functions
void ReduceRoot(float* in, float* out, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduce(in, out, n, ncclFloat, ncclSum, 0, comm, stream));
}
void ReduceLeaf(float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduce(in, nullptr, n, ncclFloat, ncclSum, 0, comm, stream));
}
void ReduceByRole(int rank, float* in, float* out, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    ReduceRoot(in, out, n, comm, stream);
  } else {
    ReduceLeaf(in, n, comm, stream);
  }
}

// case: early_return_after_all_calls
int Finish(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank > 0) return 0;
  std::printf("done\n");
  return 1;
}
