// Waits for the device, in another function than the one that enqueues.
#include <nccl.h>

// case: waits_for_the_device
bool Enqueue(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess;
}
bool Drain() {
  return cudaDeviceSynchronize() == cudaSuccess;  // warns: nccl-wait-without-async-poll
}
bool Step(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return Enqueue(data, n, comm, stream) && Drain();
}
