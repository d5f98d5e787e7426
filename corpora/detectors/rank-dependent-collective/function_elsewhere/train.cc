// Calls functions of another file under a rank condition.
#include "check.h"

void ReduceLoss(float* loss, ncclComm_t comm, cudaStream_t stream);
void PrintLoss(const float* loss);

// case: foreign_collective_on_the_leader
void LogOnLeader(int rank, float* loss, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    ReduceLoss(loss, comm, stream);  // warns-across: nccl-rank-dependent-collective
  }
}

// case: foreign_print_on_the_leader
void LogEverywhere(int rank, float* loss, ncclComm_t comm, cudaStream_t stream) {
  ReduceLoss(loss, comm, stream);
  WaitFor(comm, stream);
  if (rank == 0) PrintLoss(loss);
}
