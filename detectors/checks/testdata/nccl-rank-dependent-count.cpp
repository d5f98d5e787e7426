#include <mpi.h>
#include <nccl.h>

#define CHECK(call) \
  if ((call) != ncclSuccess) __builtin_trap()

size_t Share(size_t total, int rank, int ranks) { return total / ranks + (rank == 0 ? total % ranks : 0); }

void Uneven(float* a, size_t total, int rank, int ranks, ncclComm_t comm, cudaStream_t stream) {
  size_t n = total / ranks;
  if (rank == ranks - 1) n = total - n * (ranks - 1);
  CHECK(ncclAllGather(a, a, n, ncclFloat, comm, stream));  // warns: nccl-rank-dependent-count
  CHECK(ncclAllReduce(a, a, Share(total, rank, ranks), ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-count
  int mine = 0;
  MPI_Recv(&mine, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  CHECK(ncclAllReduce(a, a, mine, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-count
}

void Even(float* a, size_t total, int rank, int ranks, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllGather(a + rank * total, a, total / ranks, ncclFloat, comm, stream));
  int n = rank == 0 ? 16 : 0;
  MPI_Bcast(&n, 1, MPI_INT, 0, MPI_COMM_WORLD);
  CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  size_t count = rank;
  count = total;
  CHECK(ncclAllReduce(a, a, count, ncclFloat, ncclSum, comm, stream));
  CHECK(ncclSend(a, total + rank, ncclFloat, 0, comm, stream));
}
