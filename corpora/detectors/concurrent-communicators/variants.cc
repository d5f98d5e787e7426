// Loops in which each of two comes after the other.
#include "check.h"

// case: while_loop
void Loop(float* a, float* b, size_t n, int steps, ncclComm_t first, ncclComm_t second, cudaStream_t one, cudaStream_t two) {
  while (steps-- > 0) {
    NCCL_CHECK(ncclReduce(a, a, n, ncclFloat, ncclSum, 0, first, one));
    NCCL_CHECK(ncclBroadcast(b, b, n, ncclFloat, 0, second, two));  // warns: nccl-concurrent-communicators
  }
}

// case: ordered_within_a_turn_only
void OneWay(float* a, float* b, size_t n, int steps, ncclComm_t first, ncclComm_t second, cudaStream_t one, cudaStream_t two) {
  for (int i = 0; i < steps; i++) {
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, first, one));  // warns: nccl-concurrent-communicators
    CUDA_CHECK(cudaStreamSynchronize(one));
    NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, second, two));
  }
}
