// Waits for what another file enqueued; no file polls.
#include <nccl.h>

bool Enqueue(float* data, size_t n, ncclComm_t comm, cudaStream_t stream);

// case: no_file_polls
bool Step(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (!Enqueue(data, n, comm, stream)) return false;
  return cudaStreamSynchronize(stream) == cudaSuccess;  // warns-across: nccl-wait-without-async-poll
}
