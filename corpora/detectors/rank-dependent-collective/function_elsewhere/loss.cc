// The collective, for another file.
#include "check.h"

void ReduceLoss(float* loss, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(loss, loss, 1, ncclFloat, ncclAvg, comm, stream));
}

void PrintLoss(const float* loss) {
  std::printf("%f\n", *loss);
}
