// How communicators come to be.
#include <mpi.h>

#include "check.h"

// case: every_rank_makes_its_own_id
ncclComm_t InitWithOwnId(int ranks, int rank) {
  ncclUniqueId id;
  ncclComm_t comm;
  NCCL_CHECK(ncclGetUniqueId(&id));  // warns: nccl-init-misuse
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));
  return comm;
}

// case: id_from_rank_zero
ncclComm_t InitWithSharedId(int ranks, int rank) {
  ncclUniqueId id;
  ncclComm_t comm;
  if (rank == 0) NCCL_CHECK(ncclGetUniqueId(&id));
  MPI_Bcast(&id, sizeof(id), MPI_BYTE, 0, MPI_COMM_WORLD);
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));
  return comm;
}

// case: one_id_for_two_communicators
void InitTwo(int ranks, int rank, ncclUniqueId id, ncclComm_t* data, ncclComm_t* model) {
  NCCL_CHECK(ncclCommInitRank(data, ranks, id, rank));
  NCCL_CHECK(ncclCommInitRank(model, ranks, id, rank));  // warns: nccl-init-misuse
}
