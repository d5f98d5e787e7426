// A program that waits with the stream alone: an asynchronous error of NCCL leaves it waiting for ever. (It
// does not include check.h, whose wait polls.)
#include <nccl.h>

#include <cstdlib>

// case: waits_and_never_asks
int main(int argc, char**) {
  ncclComm_t comm;
  cudaStream_t stream;
  float* data;
  const size_t n = 1024;
  if (argc > 1) return 2;
  if (ncclCommInitAll(&comm, 1, nullptr) != ncclSuccess) return 1;
  if (cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) != cudaSuccess) return 1;
  if (cudaMalloc(&data, n * sizeof(float)) != cudaSuccess) return 1;
  if (ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) return 1;
  if (cudaStreamSynchronize(stream) != cudaSuccess) return 1;  // warns: nccl-wait-without-async-poll
  return ncclCommDestroy(comm) == ncclSuccess ? EXIT_SUCCESS : EXIT_FAILURE;
}
