// One function that waits and one that does not.
#include "check.h"

void Flush(cudaStream_t stream) {
  CUDA_CHECK(cudaStreamSynchronize(stream));
}

void Mark(cudaEvent_t event, cudaStream_t stream) {
  CUDA_CHECK(cudaEventRecord(event, stream));
}
