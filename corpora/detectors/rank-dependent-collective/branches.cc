// Collectives that only some ranks call, or call in another order.
#include <mpi.h>

#include <cstdlib>
#include <string>

#include "check.h"

bool LoadConfig();
bool Load(float* data, size_t n);

// case: rank_from_mpi
void BarrierOnSome() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank % 2 == 0) {
    MPI_Barrier(MPI_COMM_WORLD);  // warns: nccl-rank-dependent-collective
  }
}

// case: rank_from_the_environment
void ReduceByEnvironment(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  const char* text = std::getenv("RANK");
  const int id = text != nullptr ? std::atoi(text) : 0;
  if (id != 0) return;
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
}

// case: rank_in_a_member
class Trainer {
 public:
  void Log(float* loss) {
    if (rank_ == 0) {
      NCCL_CHECK(ncclReduce(loss, loss, 1, ncclFloat, ncclSum, 0, comm_, stream_));  // warns: nccl-rank-dependent-collective
    }
  }

 private:
  int rank_ = 0;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

// case: rank_in_a_struct
struct Context {
  int rank, size;
  ncclComm_t comm;
  cudaStream_t stream;
};
void Evaluate(const Context& context, float* metric) {
  if (context.rank != context.size - 1) return;
  NCCL_CHECK(ncclAllReduce(metric, metric, 1, ncclFloat, ncclAvg, context.comm, context.stream));  // warns: nccl-rank-dependent-collective
}

// case: failure_of_one_rank
bool Start(int rank, float* weights, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0 && !Load(weights, n)) return false;
  NCCL_CHECK(ncclBroadcast(weights, weights, n, ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-collective
  return true;
}

// case: other_operation_on_the_other_side
void MixedSides(int rank, float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    NCCL_CHECK(ncclBroadcast(a, a, n, ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-collective
  } else {
    NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  }
}

// case: other_order_on_the_other_side
void SwappedOrder(int rank, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    NCCL_CHECK(ncclBroadcast(a, a, n, ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-collective
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  } else {
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclBroadcast(a, a, n, ncclFloat, 0, comm, stream));
  }
}

// case: one_more_on_one_side
void OneMore(int rank, float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
  } else {
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  }
}

// case: loop_over_the_own_rank
void RankTimes(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < rank; i++) {
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
  }
}

// case: short_circuit
bool ReduceIfLeader(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return rank == 0 && ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess;  // warns: nccl-rank-dependent-collective
}

// case: switch_over_the_rank
void ByRank(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  switch (rank) {
    case 0:
      NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
      break;
    default:
      break;
  }
}

// case: split_by_some_ranks
void SplitHalf(int rank, int ranks, ncclComm_t comm, ncclComm_t* half) {
  if (rank < ranks / 2) {
    NCCL_CHECK(ncclCommSplit(comm, 0, rank, half, nullptr));  // warns: nccl-rank-dependent-collective
  }
}

// case: flag_from_the_rank
void ReduceOnWriters(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  const bool writer = rank % 8 == 0;
  const bool quiet = !writer;
  if (quiet) return;
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
}

// case: broadcast_only_of_the_own_root
void BroadcastOwn(int rank, int ranks, float** data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  for (int root = 0; root < ranks; root++) {
    if (root != rank) continue;
    NCCL_CHECK(ncclBroadcast(data[root], data[root], n, ncclFloat, root, comm, stream));  // warns: nccl-rank-dependent-collective
  }
}

// case: in_a_called_function
void ReduceLoss(float* loss, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(loss, loss, 1, ncclFloat, ncclSum, comm, stream));
}
void LogLoss(int rank, float* loss, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    ReduceLoss(loss, comm, stream);  // warns: nccl-rank-dependent-collective
  }
}

// case: lambda_under_the_condition
void Checkpoint(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  auto gather = [&] { NCCL_CHECK(ncclReduce(data, data, n, ncclFloat, ncclSum, 0, comm, stream)); };
  if (rank == 0) gather();  // warns: nccl-rank-dependent-collective
}

// case: rank_function
struct Process {
  int Rank() const;
};
void BroadcastAtRoot(const Process& process, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (process.Rank() == 0) {
    NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-collective
  }
}

// case: mpi_broadcast_at_the_root
void TellOthers(int rank, int* step) {
  if (rank == 0) {
    MPI_Bcast(step, 1, MPI_INT, 0, MPI_COMM_WORLD);  // warns: nccl-rank-dependent-collective
  }
}
