// An MPI result matters only where the program has asked to get it.
#include <mpi.h>

// case: errors_return_and_dropped
void BroadcastSize(int* size) {
  if (MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN) != MPI_SUCCESS) return;
  MPI_Bcast(size, 1, MPI_INT, 0, MPI_COMM_WORLD);  // warns: nccl-unchecked-result
}
