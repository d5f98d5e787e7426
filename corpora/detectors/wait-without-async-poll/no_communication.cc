// Waits for CUDA work alone.
#include <nccl.h>

// case: no_communication
bool CopyAndWait(float* host, const float* device, size_t n, cudaStream_t stream) {
  if (cudaMemcpyAsync(host, device, n * sizeof(float), cudaMemcpyDeviceToHost, stream) != cudaSuccess) return false;
  return cudaStreamSynchronize(stream) == cudaSuccess;
}
