// Inits that cannot work, or only by luck.
#include <mpi.h>

#include "check.h"

// case: communication_in_the_group_of_the_init
void InitAndBroadcast(float* data, size_t n, int ranks, int rank, ncclUniqueId id, ncclComm_t* comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclCommInitRank(comm, ranks, id, rank));
  NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, 0, *comm, stream));  // warns: nccl-init-misuse
  NCCL_CHECK(ncclGroupEnd());
}

// case: split_and_reduce_in_one_group
void SplitAndReduce(float* data, size_t n, int rank, ncclComm_t comm, ncclComm_t* part, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclCommSplit(comm, rank % 2, rank, part, nullptr));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, *part, stream));  // warns: nccl-init-misuse
  NCCL_CHECK(ncclGroupEnd());
}

// case: id_that_nobody_else_gets
ncclComm_t InitAlone(int ranks, int rank) {
  ncclUniqueId id = {};
  ncclComm_t comm;
  if (rank == 0) NCCL_CHECK(ncclGetUniqueId(&id));  // warns: nccl-init-misuse
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));
  return comm;
}

// case: own_id_with_mpi_beside_it
ncclComm_t InitWithMpiRank() {
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  ncclUniqueId id;
  ncclComm_t comm;
  NCCL_CHECK(ncclGetUniqueId(&id));  // warns: nccl-init-misuse
  MPI_Barrier(MPI_COMM_WORLD);
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));
  return comm;
}

// case: same_id_after_the_first_is_destroyed
void Reinit(int ranks, int rank, ncclUniqueId id) {
  ncclComm_t comm;
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));
  NCCL_CHECK(ncclCommDestroy(comm));
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));  // warns: nccl-init-misuse
}

// case: communicators_in_a_loop_with_one_id
void InitMany(int ranks, int rank, ncclUniqueId id, ncclComm_t* dimensions, int count) {
  for (int i = 0; i < count; i++) {
    NCCL_CHECK(ncclCommInitRank(&dimensions[i], ranks, id, rank));  // warns: nccl-init-misuse
  }
}

// case: config_variant_with_the_same_id
void InitTwoWithConfig(int ranks, int rank, ncclUniqueId id, ncclConfig_t* fast, ncclComm_t* a, ncclComm_t* b) {
  NCCL_CHECK(ncclCommInitRankConfig(a, ranks, id, rank, fast));
  NCCL_CHECK(ncclCommInitRankConfig(b, ranks, id, rank, nullptr));  // warns: nccl-init-misuse
}
