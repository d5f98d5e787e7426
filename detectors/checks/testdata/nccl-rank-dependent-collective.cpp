#include <mpi.h>
#include <nccl.h>

#include <cstdlib>

[[noreturn]] void Die();
#define CHECK(call) \
  if ((call) != 0) Die()
#define TRY(call) \
  if (ncclResult_t result_ = (call); result_ != ncclSuccess) return result_

bool Load(float* a);
void Save(const float* a);
bool Decide();

void OnlyTheLeader(int rank, float* a, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
}
void EarlyReturn(float* a, ncclComm_t comm, cudaStream_t stream) {
  int me = 0;
  CHECK(ncclCommUserRank(comm, &me));
  const bool leader = me == 0;
  if (!leader) return;
  CHECK(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-collective
}
bool FailsOnOneRank(int rank, float* a, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0 && !Load(a)) return false;
  CHECK(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-collective
  return true;
}
void Environment() {
  if (std::atoi(std::getenv("LOCAL_RANK")) > 3) return;
  MPI_Barrier(MPI_COMM_WORLD);  // warns: nccl-rank-dependent-collective
}
void OtherOrder(int rank, float* a, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    CHECK(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-collective
    CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  } else {
    CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
    CHECK(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));
  }
}
ncclResult_t Reduce(float* a, ncclComm_t comm, cudaStream_t stream) {
  return ncclReduce(a, a, 1, ncclFloat, ncclSum, 0, comm, stream);
}
void Wrapped(int my_rank, float* a, ncclComm_t comm, cudaStream_t stream) {
  if (my_rank == 0) CHECK(Reduce(a, comm, stream));  // warns: nccl-rank-dependent-collective
}

ncclResult_t BothSides(int rank, int root, float* a, float* b, ncclComm_t comm, cudaStream_t stream) {
  if (rank == root) {
    TRY(ncclReduce(a, b, 1, ncclFloat, ncclSum, root, comm, stream));
  } else {
    TRY(Reduce(a, comm, stream));
  }
  if (rank == 0) TRY(ncclCommUserRank(comm, &root));
  TRY(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));
  if (rank == 0) Save(a);
  return ncclSuccess;
}
void Uniform(int ranks, int root_rank, int step, float* a, ncclComm_t comm, cudaStream_t stream) {
  if (ranks > 1) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  if (step % 10 == 0 && root_rank == 0) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
}
void Agreed(int rank, float* a, ncclComm_t comm, cudaStream_t stream) {
  int go = 0;
  if (rank == 0) go = Decide();
  MPI_Bcast(&go, 1, MPI_INT, 0, MPI_COMM_WORLD);
  if (go) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
}
void Leaders(int local_rank, float* a, ncclComm_t inter_node, ncclComm_t node, cudaStream_t stream) {
  CHECK(ncclReduce(a, a, 1, ncclFloat, ncclSum, 0, node, stream));
  if (local_rank == 0) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, inter_node, stream));
}
ncclResult_t WhoFails(int rank, int ranks, ncclUniqueId id, ncclComm_t* comm) {
  if (rank >= ranks) return ncclInvalidArgument;
  if (ncclCommInitRank(comm, ranks, id, rank) != ncclSuccess) return ncclSystemError;
  MPI_Barrier(MPI_COMM_WORLD);
  return ncclSuccess;
}

struct Place {
  bool first() const { return rank_ == 0; }
  bool valid() const { return rank_ >= 0; }
  int rank_;
};
void AnsweredByAMethod(const Place& place, float* a, ncclComm_t comm, cudaStream_t stream) {
  if (place.valid()) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  if (place.first()) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
}
