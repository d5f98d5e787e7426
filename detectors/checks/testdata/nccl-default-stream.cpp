#include <nccl.h>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()

constexpr cudaStream_t kStream = nullptr;

void OnTheDefaultStream(float* a, ncclComm_t comm) {
  cudaStream_t stream = 0;
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, nullptr));           // warns: nccl-default-stream
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));            // warns: nccl-default-stream
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, cudaStreamLegacy));  // warns: nccl-default-stream
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, kStream));           // warns: nccl-default-stream
}

void BesideKernelsThere(float* a, ncclComm_t comm, const void* kernel, void** args) {
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));  // warns: nccl-default-stream
  CHECK(cudaLaunchKernel(kernel, 1, 1, args, 0, nullptr));
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaStreamSynchronize(stream));
}

void OnItsOwn(float* a, float* b, ncclComm_t comm, const void* kernel, void** args) {
  cudaStream_t stream = nullptr, blocking;
  CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  CHECK(cudaLaunchKernel(kernel, 1, 1, args, 0, nullptr));
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaStreamCreate(&blocking));
  CHECK(cudaLaunchKernel(kernel, 1, 1, args, 0, blocking));
  CHECK(ncclAllReduce(b, b, 1, ncclFloat, ncclSum, comm, cudaStreamPerThread));
  CHECK(cudaStreamSynchronize(stream));
}
